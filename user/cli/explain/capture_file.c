/* SPDX-License-Identifier: GPL-2.0-only */
/* Captures through libpcap, with nanoseconds. */
#include "capture_file.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/cli/print/output.h"

#define SECOND 1000000000u

struct lx_capture {
    pcap_t *pcap;
    pcap_dumper_t *dumper; /* NULL: it is read */
    char *path;
};

static struct lx_capture *new_capture(const char *path)
{
    struct lx_capture *capture = calloc(1, sizeof(*capture));

    if (capture && !(capture->path = strdup(path))) {
        free(capture);
        return NULL;
    }
    return capture;
}

int lx_capture_create(const char *path, uint32_t most, struct lx_capture **capture)
{
    struct lx_capture *created = new_capture(path);

    if (!created)
        return lx_memory_error();
    created->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, (int)most, PCAP_TSTAMP_PRECISION_NANO);
    created->dumper = created->pcap ? pcap_dump_open(created->pcap, path) : NULL;
    if (!created->dumper || pcap_dump_flush(created->dumper)) {
        lx_print_error("cannot write %s: %s", path, created->pcap ? pcap_geterr(created->pcap) : strerror(ENOMEM));
        lx_capture_close(created);
        return LX_EXIT_FAILED;
    }
    *capture = created;
    return LX_EXIT_DONE;
}

int lx_capture_write(struct lx_capture *capture, const struct lx_captured *frame)
{
    struct pcap_pkthdr header = {.caplen = frame->captured, .len = frame->length};

    /* A fraction of a second in nanoseconds: what the precision of the file says. */
    header.ts.tv_sec = (time_t)(frame->time / SECOND);
    header.ts.tv_usec = (suseconds_t)(frame->time % SECOND);
    pcap_dump((u_char *)capture->dumper, &header, frame->bytes);
    if (!pcap_dump_flush(capture->dumper) && !ferror(pcap_dump_file(capture->dumper)))
        return LX_EXIT_DONE;
    lx_print_error("cannot write %s: %s", capture->path, strerror(errno));
    return LX_EXIT_FAILED;
}

int lx_capture_open(const char *path, struct lx_capture **capture)
{
    struct lx_capture *opened = new_capture(path);
    char problem[PCAP_ERRBUF_SIZE] = "";
    int link;

    if (!opened)
        return lx_memory_error();
    opened->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, problem);
    link = opened->pcap ? pcap_datalink(opened->pcap) : 0;
    if (opened->pcap && link == DLT_EN10MB) {
        *capture = opened;
        return LX_EXIT_DONE;
    }
    if (!opened->pcap)
        lx_print_error("cannot read %s: %s", path, problem);
    else
        lx_print_error("%s was captured with link type %s; what is judged are Ethernet frames, so capture on an "
                       "Ethernet interface (not 'any')",
                       path, pcap_datalink_val_to_name(link) ?: "unknown");
    lx_capture_close(opened);
    return LX_EXIT_FAILED;
}

int lx_capture_read(struct lx_capture *capture, struct lx_captured *frame)
{
    struct pcap_pkthdr *header;
    const u_char *bytes;
    int result = pcap_next_ex(capture->pcap, &header, &bytes);

    if (result == PCAP_ERROR_BREAK)
        return 0;
    if (result != 1) {
        lx_print_error("%s is damaged: %s", capture->path, pcap_geterr(capture->pcap));
        return -1;
    }
    *frame = (struct lx_captured){
        .time = (uint64_t)header->ts.tv_sec * SECOND + (uint64_t)header->ts.tv_usec,
        .length = header->len,
        .captured = header->caplen,
        .bytes = bytes,
    };
    return 1;
}

void lx_capture_close(struct lx_capture *capture)
{
    if (!capture)
        return;
    if (capture->dumper)
        pcap_dump_close(capture->dumper);
    if (capture->pcap)
        pcap_close(capture->pcap);
    free(capture->path);
    free(capture);
}
