/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes every fixture as an input of the packet fuzzer into a folder: where to look for more from. */
#include <stdlib.h>
#include <string.h>

#include "tests/fixtures/fixtures.h"

#define SEQUENCE 0x10
#define LONGEST 255 /* of a frame in a sequence */

/* The policy that any address may reach, with the switches and the egress mode of the fixture's own (packet.c). */
static void write_header(FILE *stream, const struct lx_policy *policy, bool sequence)
{
    fputc(0, stream);
    fputc((int)(policy->built_ins & 0xff), stream);
    fputc((int)((policy->built_ins >> 8 & 3) | (policy->built_ins >> 10 & 3) << 5 | (unsigned)policy->egress << 2 |
                (sequence ? SEQUENCE : 0)),
          stream);
}

static void write_frames(FILE *stream, const struct fixture *fixture)
{
    bool sequence = fixture->frame_count > 1;

    for (size_t i = 0; i < fixture->frame_count; i++) {
        const struct fixture_frame *frame = &fixture->frames[i];
        size_t length = sequence && frame->length > LONGEST ? LONGEST : frame->length;

        if (sequence) {
            fputc((int)frame->hook, stream);
            fputc((int)length, stream);
        }
        fwrite(frame->bytes, 1, length, stream);
    }
}

static bool write_case(const char *folder, const char *subject, const struct fixture *fixture)
{
    struct fixture_policy policy;
    char path[4096];
    FILE *stream;

    snprintf(path, sizeof(path), "%s/fixture-%s-%u", folder, subject, fixture->line);
    stream = fopen(path, "w");
    if (!stream || !fixture_policy_read(fixture->policy, &policy)) {
        perror(path);
        if (stream)
            fclose(stream);
        return false;
    }
    write_header(stream, &policy.policy, fixture->frame_count > 1);
    write_frames(stream, fixture);
    fixture_policy_free(&policy);
    return !fclose(stream);
}

static bool write_subject(const char *folder, const char *subject)
{
    struct fixtures fixtures;
    bool written = true;

    if (!fixtures_read(subject, &fixtures))
        return false;
    for (size_t i = 0; i < fixtures.count && written; i++)
        written = write_case(folder, subject, &fixtures.items[i]);
    fixtures_free(&fixtures);
    return written;
}

int main(int count, char **arguments)
{
    static const char *const subjects[] = {
#define SUBJECT_NAME(subject) #subject,
        FIXTURE_SUBJECTS(SUBJECT_NAME)
#undef SUBJECT_NAME
    };

    if (count != 2) {
        fprintf(stderr, "usage: packets FOLDER\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof(subjects) / sizeof(*subjects); i++)
        if (!write_subject(arguments[1], subjects[i]))
            return 1;
    return 0;
}
