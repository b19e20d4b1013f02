/* SPDX-License-Identifier: GPL-2.0-only */
/* What an attachment is called: by its interface, "eth0", or of one VLAN of a trunk "eth0@10". */
#ifndef LYNCXDP_CORE_CALLED_H
#define LYNCXDP_CORE_CALLED_H

/* Room for it. No interface's name is longer than 15 bytes. */
#define LX_CALLED 24

/* The VLANs that there are. */
#define LX_FIRST_VLAN 1
#define LX_LAST_VLAN 4094

struct lx_called {
    char text[LX_CALLED];
};

/* Of a device 15 bytes are read at most; VLAN 0: none. */
struct lx_called lx_called(const char *device, unsigned vlan);

#endif
