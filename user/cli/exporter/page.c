/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of user/share/page, as they are: the assembler takes them in. */
#include "page.h"

#include <string.h>

/* Declares NAME and NAME_end around the bytes of a file. */
#define EMBED(name, file)                                                                                              \
    extern const char name[], name##_end[];                                                                            \
    __asm__(".pushsection .rodata\n"                                                                                   \
            ".globl " #name ", " #name "_end\n" #name ":\n"                                                            \
            ".incbin \"user/share/page/" file "\"\n" #name "_end:\n"                                                   \
            ".byte 0\n"                                                                                                \
            ".popsection\n")

EMBED(lx_page_html, "index.html");
EMBED(lx_page_css, "page.css");
EMBED(lx_page_js, "page.js");

static const struct {
    const char *path, *type, *begin, *end;
} files[] = {
    {"/", "text/html; charset=utf-8", lx_page_html, lx_page_html_end},
    {"/page.css", "text/css; charset=utf-8", lx_page_css, lx_page_css_end},
    {"/page.js", "text/javascript; charset=utf-8", lx_page_js, lx_page_js_end},
};

#define FILES (sizeof(files) / sizeof(*files))

struct lx_document *lx_page_find(const char *path)
{
    static struct lx_document *documents[FILES]; /* live as long as the program */

    for (size_t i = 0; i < FILES; i++) {
        if (strcmp(path, files[i].path) != 0)
            continue;
        if (!documents[i])
            documents[i] = lx_document_of(files[i].type, files[i].begin, (size_t)(files[i].end - files[i].begin));
        return documents[i];
    }
    return NULL;
}
