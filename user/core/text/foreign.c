/* SPDX-License-Identifier: GPL-2.0-only */
/* Character by character, with the one idea of text that the readers of files have. */
#include "foreign.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

struct lx_foreign_piece lx_foreign_next(const char **text, size_t *left, const char *kept)
{
    unsigned char byte = (unsigned char)**text;
    struct lx_foreign_piece piece = {""};
    size_t length = 1;
    unsigned character = lx_character(*text, *left, &length);
    bool sound = character >= 0x20 || (character && strchr(kept, (int)character));

    if (sound && byte == '\\' && *left > 1 && (*text)[1] == 'x')
        sound = false;
    if (!sound) {
        length = 1;
        snprintf(piece.text, sizeof(piece.text), "\\x%02x", byte);
    } else {
        memcpy(piece.text, *text, length);
    }
    *text += length;
    *left -= length;
    return piece;
}

void lx_foreign_put(const char *text, size_t length, const char *kept, FILE *stream)
{
    while (length)
        fputs(lx_foreign_next(&text, &length, kept).text, stream);
}

char *lx_foreign_text(const char *text)
{
    char *written = NULL;
    size_t size;
    FILE *stream = open_memstream(&written, &size);
    bool sound;

    if (!stream)
        return NULL;
    lx_foreign_put(text, strlen(text), "", stream);
    sound = !ferror(stream);
    if (!fclose(stream) && sound)
        return written;
    free(written);
    return NULL;
}
