/* SPDX-License-Identifier: GPL-2.0-only */
/* Captures of Ethernet frames, as Wireshark and tcpdump write and read them. */
#ifndef LYNCXDP_CLI_CAPTURE_FILE_H
#define LYNCXDP_CLI_CAPTURE_FILE_H

#include <stddef.h>
#include <stdint.h>

struct lx_capture;

/* A captured frame: the first `captured` of its `length` bytes. */
struct lx_captured {
    uint64_t time; /* nanoseconds of CLOCK_REALTIME */
    uint32_t length, captured;
    const uint8_t *bytes; /* borrowed until the next one is read */
};

/* Creates a file ("-": standard output) to write frames of at most so many bytes to. Returns an exit code. */
int lx_capture_create(const char *path, uint32_t most, struct lx_capture **capture);

/* Writes a frame through to the file: who looks at it while it grows sees it. Returns an exit code. */
int lx_capture_write(struct lx_capture *capture, const struct lx_captured *frame);

/* Opens a file ("-": standard input); it must be of Ethernet frames. Returns an exit code. */
int lx_capture_open(const char *path, struct lx_capture **capture);

/* The next frame. Returns 1, 0 at the end of the file, or -1 after it has printed what is wrong. */
int lx_capture_read(struct lx_capture *capture, struct lx_captured *frame);

/* Closes either kind; NULL is none. */
void lx_capture_close(struct lx_capture *capture);

#endif
