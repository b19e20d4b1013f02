/* SPDX-License-Identifier: GPL-2.0-only */
/* Texts that are kept: what is read back is what was kept, and half of it is nothing. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/policy/last_good.h"

static struct lx_last_good kept(void)
{
    struct lx_last_good kept = {.interface = strdup("eth0"),
                                .source = strdup("/etc/lyncxdp/lyncxdp.yaml"),
                                .declaration = strdup("/etc/lyncxdp/lyncxdp.yaml"),
                                .policies = strdup("/usr/share/lyncxdp/policies")};

    cr_assert_eq(lx_last_good_add(&kept, kept.declaration, kept.source, 1700000000, "interfaces: {}\n", 15), 0);
    cr_assert_eq(lx_last_good_add(&kept, "a name: with\nlines\xff", "/end\n", 0, "\0any\xff bytes\nend\n", 15), 0);
    cr_assert_eq(lx_last_good_add(&kept, "/empty", "/empty", 7, "", 0), 0);
    return kept;
}

static char *written(const struct lx_last_good *kept, size_t *size)
{
    char *bytes;
    FILE *stream = open_memstream(&bytes, size);

    lx_last_good_write(kept, stream);
    fclose(stream);
    return bytes;
}

static void expect_same(const struct lx_last_good *one, const struct lx_last_good *other)
{
    cr_expect_str_eq(one->interface, other->interface);
    cr_expect_str_eq(one->source, other->source);
    cr_expect_str_eq(one->declaration, other->declaration);
    cr_expect_str_eq(one->policies, other->policies);
    cr_assert_eq(one->count, other->count);
    for (size_t i = 0; i < one->count; i++) {
        cr_expect_str_eq(one->texts[i].name, other->texts[i].name);
        cr_expect_str_eq(one->texts[i].identity, other->texts[i].identity);
        cr_expect_eq(one->texts[i].modified, other->texts[i].modified);
        cr_assert_eq(one->texts[i].size, other->texts[i].size);
        cr_expect_arr_eq(one->texts[i].bytes, other->texts[i].bytes, one->texts[i].size + 1);
    }
}

Test(last_good, what_is_read_back_is_what_was_kept)
{
    struct lx_last_good one = kept(), other = {0};
    size_t size;
    char *bytes = written(&one, &size);

    cr_assert_eq(lx_last_good_read(bytes, size, &other), 0);
    expect_same(&one, &other);
    cr_expect(other.whole && !one.whole);
    free(bytes);
    lx_last_good_free(&one);
    lx_last_good_free(&other);
}

Test(last_good, the_first_text_of_a_name_is_the_one)
{
    struct lx_last_good one = kept();

    cr_assert_eq(lx_last_good_add(&one, "/empty", "/other", 1, "something", 9), 0);
    cr_expect_eq(one.count, 3);
    cr_expect_eq(lx_last_good_find(&one, "/empty")->size, 0);
    cr_expect_null(lx_last_good_find(&one, "/nothing"));
    lx_last_good_free(&one);
}

Test(last_good, half_of_it_is_nothing)
{
    struct lx_last_good one = kept(), other = {.count = 4711};
    size_t size;
    char *bytes = written(&one, &size);

    for (size_t length = 0; length < size; length++) {
        char *half = malloc(length + 1); /* of that very size, for the sanitizer */

        memcpy(half, bytes, length);
        half = realloc(half, length ? length : 1);
        cr_expect_eq(lx_last_good_read(half, length, &other), -EINVAL, "%zu of %zu bytes", length, size);
        free(half);
    }
    cr_expect_eq(other.count, 4711, "the output was touched");
    free(bytes);
    lx_last_good_free(&one);
}

Test(last_good, what_was_never_written_like_that_is_refused)
{
    static const char *const texts[] = {
        "",
        "lyncxdp last good 2\n4:eth0\n2:/a\n2:/a\n2:/p\n2:/a\n2:/a\n1:1\n0:\nend\n",
        "lyncxdp last good 1\n4:eth0\n2:/a\n2:/a\n2:/p\n2:/a\n2:/a\n1:1\n0:\nend\nmore",
        "lyncxdp last good 1\n4:eth0\n2:/a\n2:/a\n2:/p\nend\n",                  /* without the declaration */
        "lyncxdp last good 1\n0:\n2:/a\n2:/a\n2:/p\n2:/a\n2:/a\n1:1\n0:\nend\n", /* a name is something */
        "lyncxdp last good 1\n4:eth0\n2:/a\n2:/a\n2:/p\n2:/a\n2:/a\n1:1\n0:\n2:/a\n2:/a\n1:1\n0:\nend\n", /* a text
                                                                                                             twice */
        "lyncxdp last good 1\n4:eth0\n2:/a\n2:/a\n2:/p\n2:/a\n2:/a\n1:1\n-1:\nend\n",
        "lyncxdp last good 1\n4:eth0\n2:/a\n2:/a\n2:/p\n2:/a\n2:/a\n1:1\n99999999:\nend\n",
        "lyncxdp last good 1\n4:eth0\n2:/a\n2:/a\n2:/p\n2:/a\n2:/a\n1:1\n99999999999999999999:\nend\n",
    };
    struct lx_last_good read = {.count = 4711};

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        cr_expect_eq(lx_last_good_read(texts[i], strlen(texts[i]), &read), -EINVAL, "%s", texts[i]);
    cr_expect_eq(read.count, 4711, "the output was touched");
}

Test(last_good, there_are_limits)
{
    struct lx_last_good one = kept();
    char *much = calloc(1, LX_LAST_GOOD_LIMIT), name[16];

    cr_expect(lx_last_good_fits(&one));
    cr_assert_eq(lx_last_good_add(&one, "/much", "/much", 1, much, LX_LAST_GOOD_LIMIT), 0,
                 "it may be read all the same");
    cr_expect_not(lx_last_good_fits(&one));
    free(much);
    lx_last_good_free(&one);
    one = kept();
    for (int i = 0; one.count < LX_LAST_GOOD_TEXTS; i++) {
        snprintf(name, sizeof(name), "/%d", i);
        cr_assert_eq(lx_last_good_add(&one, name, name, 1, "", 0), 0);
    }
    cr_expect(lx_last_good_fits(&one));
    cr_assert_eq(lx_last_good_add(&one, "/one more", "/one more", 1, "", 0), 0);
    cr_expect_not(lx_last_good_fits(&one));
    lx_last_good_free(&one);
}
