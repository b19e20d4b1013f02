/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exporter: what every attachment has counted, for Prometheus over HTTP or through a file of node_exporter's, and a
 * page for people. Whatever takes root is done first; then it is given up.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "user/cli/exporter/exporter_documents.h"
#include "user/cli/exporter/listener.h"
#include "user/cli/exporter/text_file.h"
#include "user/cli/options/options.h"
#include "user/cli/print/output.h"
#include "user/core/text/number.h"
#include "user/kernel/process/confine.h"
#include "verb.h"

#define DEFAULT_LISTEN "127.0.0.1:9750"

struct exporter_options {
    const char *listen, *certificate, *key, *passwords, *text_file;
    struct lx_words hosts; /* by which it may be asked */
    unsigned every;        /* seconds; 0: once */
    bool all_ports;
};

static int take_seconds(void *field, const char *value)
{
    if (lx_number_parse(value, 1, 86400, field))
        return LX_EXIT_DONE;
    return lx_usage_error("--every '%s': write seconds, 1 to 86400", value);
}

static const struct lx_option options_of_exporter[] = {
    {"listen", "ADDRESS:PORT", "address and port to serve on", lx_take_text, offsetof(struct exporter_options, listen),
     DEFAULT_LISTEN},
    {"host", "NAME", "also answer requests for this host name; repeatable", lx_take_word,
     offsetof(struct exporter_options, hosts)},
    {"certificate", "FILE", "serve by TLS with this certificate (PEM)", lx_take_text,
     offsetof(struct exporter_options, certificate)},
    {"key", "FILE", "private key of the certificate (PEM)", lx_take_text, offsetof(struct exporter_options, key)},
    {"passwords", "FILE", "require a name and password of this file, lines NAME:HASH", lx_take_text,
     offsetof(struct exporter_options, passwords)},
    {"textfile", "FILE", "write the metrics to a file instead of serving them; - is standard output", lx_take_text,
     offsetof(struct exporter_options, text_file)},
    {"every", "SECONDS", "with --textfile: write it again every SECONDS", take_seconds,
     offsetof(struct exporter_options, every)},
    {"all-ports", NULL, "one series for every port with drops, up to 1024", lx_take_flag,
     offsetof(struct exporter_options, all_ports)},
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = stop};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

static int check_options(const struct exporter_options *options)
{
    if (!options->certificate != !options->key)
        return lx_usage_error("--certificate and --key go together");
    if (options->every && !options->text_file)
        return lx_usage_error("--every goes with --textfile");
    if (options->text_file && (options->listen || options->hosts.count || options->certificate || options->passwords))
        return lx_usage_error("--textfile writes a file instead of answering; leave out --listen, --host, "
                              "--certificate, --key and --passwords");
    return LX_EXIT_DONE;
}

/* A whole file, with a zero byte behind it. Caller frees; NULL after it has printed what is wrong. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    size_t size = 0;
    char *text = NULL;

    if (file && getdelim(&text, &size, '\0', file) > 0) {
        fclose(file);
        return text;
    }
    lx_print_error("%s cannot be read: %s", path, file && !ferror(file) ? "it is empty" : strerror(errno));
    if (file)
        fclose(file);
    free(text);
    return NULL;
}

static int confine(enum lx_confinement confinement)
{
    struct lx_failure failure;

    return lx_confine(confinement, &failure) ? lx_print_failure(&failure) : LX_EXIT_DONE;
}

/* --- To a file --------------------------------------------------------------------------------------------------- */

static void print_metrics(const void *exporter, FILE *stream)
{
    lx_exporter_print_metrics(exporter, stream);
}

static int write_once(struct lx_exporter *exporter, const char *path)
{
    lx_exporter_look(exporter, 0);
    if (exporter->failed)
        return lx_print_failure(&exporter->failure);
    return lx_text_file_replace(path, print_metrics, exporter);
}

static void sleep_until(struct timespec *next, unsigned seconds)
{
    struct timespec now;

    next->tv_sec += seconds;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (next->tv_sec < now.tv_sec) /* asleep for long, with the machine: not all at once now */
        *next = now;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL);
}

static int export_to_file(struct lx_exporter *exporter, const struct exporter_options *options)
{
    struct timespec next;
    int result = confine(LX_CONFINE_WRITER);

    if (result != LX_EXIT_DONE)
        return result;
    clock_gettime(CLOCK_MONOTONIC, &next);
    result = write_once(exporter, options->text_file);
    /* Later failures pass, such as a full disk: they are said, and it goes on. */
    while (options->every && result == LX_EXIT_DONE && !stopped) {
        sleep_until(&next, options->every);
        if (!stopped)
            write_once(exporter, options->text_file);
    }
    return result;
}

/* --- Over HTTP --------------------------------------------------------------------------------------------------- */

/* What is read before privileges are given up. */
struct secrets {
    char *certificate, *key; /* owned */
    struct lx_passwords passwords;
};

static int read_secrets(const struct exporter_options *options, struct secrets *secrets)
{
    if (options->certificate) {
        secrets->certificate = read_file(options->certificate);
        secrets->key = secrets->certificate ? read_file(options->key) : NULL;
        if (!secrets->key)
            return LX_EXIT_FAILED;
    }
    return options->passwords ? lx_passwords_read(options->passwords, &secrets->passwords) : LX_EXIT_DONE;
}

static void free_secrets(struct secrets *secrets)
{
    if (secrets->key)
        explicit_bzero(secrets->key, strlen(secrets->key));
    free(secrets->certificate);
    free(secrets->key);
    lx_passwords_free(&secrets->passwords);
}

static void announce(const struct lx_listener *listener, const struct exporter_options *options)
{
    if (!listener->loopback && !(options->certificate && options->passwords))
        lx_print_warning("everybody who reaches %s %s; see --certificate and --passwords", listener->name,
                         options->passwords ? "can read what is sent, passwords included" : "may read all of it");
    printf("answering at http%s://%s/\n", options->certificate ? "s" : "", listener->name);
    fflush(stdout);
}

/* The names that a machine has by itself. Returns 0 or -ENOMEM. */
static int add_own_names(struct lx_words *hosts)
{
    char name[256] = "";

    if (gethostname(name, sizeof(name) - 1) || !name[0])
        strcpy(name, "localhost");
    return lx_words_add(hosts, "localhost") ?: lx_words_add(hosts, name);
}

/* Answers, and looks for itself now and then, so that the page can show what was while nobody asked. */
static int serve(struct lx_exporter *exporter, struct lx_http_server *server)
{
    bool works = true;

    while (!stopped && works) {
        works = lx_http_run(server, 1000);
        lx_exporter_look(exporter, LX_HISTORY_SECONDS * 1000);
    }
    if (works)
        return LX_EXIT_DONE;
    lx_print_error("the HTTP server has failed");
    return LX_EXIT_FAILED;
}

static int start_and_serve(struct lx_exporter *exporter, const struct exporter_options *options,
                           struct secrets *secrets, struct lx_listener *listener)
{
    const struct lx_http_settings settings = {
        .listener = listener->socket,
        .certificate = secrets->certificate,
        .key = secrets->key,
        .passwords = options->passwords ? &secrets->passwords : NULL,
        .hosts = &options->hosts,
        .connections = lx_http_connections(),
        .find = lx_exporter_find,
        .context = exporter,
    };
    struct lx_http_server *server;
    int result = confine(LX_CONFINE_SERVER);

    /* What could be seen with what is given up now, and cannot without, is better said at once. */
    if (result == LX_EXIT_DONE) {
        lx_exporter_look(exporter, 0);
        result = exporter->failed ? lx_print_failure(&exporter->failure) : LX_EXIT_DONE;
    }
    if (result != LX_EXIT_DONE) {
        close(listener->socket);
        return result;
    }
    server = lx_http_start(&settings);
    if (!server) {
        lx_print_error(options->certificate ? "%s and %s are not a certificate and its key"
                                            : "the HTTP server cannot be started",
                       options->certificate, options->key);
        return LX_EXIT_FAILED;
    }
    announce(listener, options);
    result = serve(exporter, server);
    lx_http_stop(server);
    return result;
}

static int export_over_http(struct lx_exporter *exporter, struct exporter_options *options)
{
    struct secrets secrets = {0};
    struct lx_listener listener;
    int result = read_secrets(options, &secrets);

    if (result == LX_EXIT_DONE && add_own_names(&options->hosts))
        result = lx_memory_error();
    if (result == LX_EXIT_DONE)
        result = lx_listener_open(options->listen ?: DEFAULT_LISTEN, &listener);
    if (result == LX_EXIT_DONE)
        result = start_and_serve(exporter, options, &secrets, &listener);
    free_secrets(&secrets);
    return result;
}

int lx_verb_exporter(int argc, char **argv)
{
    struct exporter_options options = {0};
    const struct lx_option_set sets[] = {LX_OPTION_SET(options_of_exporter, &options)};
    struct lx_exporter exporter = {0};
    struct lx_arguments arguments;
    struct lx_words expected;
    int result;

    if (!lx_options_read(argc, argv, sets, 1, &arguments, &result))
        return result;
    result = check_options(&options);
    if (result != LX_EXIT_DONE)
        return result;
    expected = (struct lx_words){.items = arguments.items, .count = arguments.count}; /* borrowed */
    if (expected.count)
        exporter.collector.only = exporter.collector.expected = &expected;
    exporter.collector.all_ports = options.all_ports;
    catch_signals();
    /* Who may not look at all should hear it now, and not from an exporter that runs and shows nothing. */
    lx_exporter_look(&exporter, 0);
    if (exporter.failed)
        result = lx_print_failure(&exporter.failure);
    else
        result = options.text_file ? export_to_file(&exporter, &options) : export_over_http(&exporter, &options);
    lx_exporter_free(&exporter);
    lx_words_free(&options.hosts);
    return result;
}
