/* SPDX-License-Identifier: GPL-2.0-only */
#include "coverage.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* --- Findings ----------------------------------------------------------------------------------------------------- */

void open_findings(struct findings *findings)
{
    *findings = (struct findings){.exceptions = read_exceptions()};
    findings->out = open_memstream(&findings->text, &findings->size);
    cr_assert_not_null(findings->out);
}

bool excepted(struct exceptions *exceptions, const char *kind, const char *where)
{
    for (size_t i = 0; i < exceptions->count; i++) {
        struct exception *exception = &exceptions->items[i];

        if (!strcmp(exception->kind, kind) && !strcmp(exception->where, where))
            return exception->used = true;
    }
    return false;
}

/* Something differs: `where` is the printed line or the row. Nothing is noted when that is an exception. */
static void __attribute__((format(printf, 4, 5)))
found(struct findings *findings, const char *kind, const char *where, const char *format, ...)
{
    va_list arguments;

    if (excepted(findings->exceptions, kind, where))
        return;
    findings->count++;
    fprintf(findings->out, "\n%s: %s: ", kind, where);
    va_start(arguments, format);
    vfprintf(findings->out, format, arguments);
    va_end(arguments);
}

void close_findings(struct findings *findings)
{
    fclose(findings->out);
    free(findings->text);
    free_exceptions(findings->exceptions);
}

/* --- Rows of a role, with those of the roles it includes ---------------------------------------------------------- */

struct rows {
    const struct lx_row *items[256];
    size_t count;
};

static void add_rows(struct rows *rows, const struct lx_role *role)
{
    for (size_t i = 0; i < role->row_count; i++) {
        cr_assert_lt(rows->count, sizeof(rows->items) / sizeof(*rows->items));
        rows->items[rows->count++] = &role->rows[i];
    }
    for (size_t i = 0; i < role->include_count; i++)
        add_rows(rows, role->includes[i]);
}

static const struct lx_endpoint *partner_of(const struct lx_row *row)
{
    return lx_row_hook(row) == LX_HOOK_TO_ROLE ? &row->from : &row->to;
}

/* Whether a row and a line may speak of the same partner; `wider` is who may be the wider of the two. */
static bool same_partner(const struct lx_row *row, const struct printed_line *line, bool row_may_be_wider)
{
    const struct lx_endpoint *partner = partner_of(row);

    if (partner->kind == LX_ENDPOINT_ANY)
        return row_may_be_wider || !line_names_groups(line);
    if (listed(line->peers, "any"))
        return !row_may_be_wider;
    return !line_names_groups(line) || listed(line->peers, partner->group);
}

/* A row that is closed by default, since no port table prints it. */
static bool is_unprinted(const struct lx_row *row)
{
    for (size_t i = 0; i < row->options.count; i++)
        if (!strcmp(row->options.items[i], "unprinted"))
            return true;
    return false;
}

static bool serves(const struct lx_row *row, const struct printed_line *line)
{
    bool some = !row->workloads.count || !strcmp(line->workload, "-");

    for (size_t i = 0; i < row->workloads.count; i++)
        some |= listed(line->workload, row->workloads.items[i]);
    return some;
}

/* "SIP (MTLS)" and "SIP" are one application, as far as the first word goes. */
static bool same_application(const struct lx_row *row, const struct printed_line *line)
{
    const char *a = row->application ? row->application : "", *b = line->application;

    if (!strcmp(b, "-"))
        return true;
    while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b) && isalnum((unsigned char)*a))
        a++, b++;
    return !isalnum((unsigned char)*a) && !isalnum((unsigned char)*b);
}

/* --- Nothing printed is missing ----------------------------------------------------------------------------------- */

/* One of the things that a line asks of a role. */
struct demand {
    const struct printed_line *line;
    const char *role;
    const struct group_name *group; /* whose addresses; NULL where the line names none */
    enum lx_hook hook;
    enum lx_side side;
    enum lx_lb lb;
    enum lx_transport transport;
};

/* A row for another group than the one that the line asks for is no answer, nor is one that a site has to open first.
 */
static bool reaches(const struct lx_row *row, const struct demand *demand)
{
    const struct lx_endpoint *partner = partner_of(row);

    if (is_unprinted(row) && !demand->line->unprinted)
        return false;
    if (!demand->group || partner->kind == LX_ENDPOINT_ANY)
        return true;
    for (const struct group_name *group = group_names; group->name; group++)
        if (partner->group && !strcmp(group->name, partner->group))
            return group->kind == demand->group->kind;
    return false;
}

/* A row whose ports a site must give opens nothing before, and is all that can be asked for. */
static bool answers(const struct lx_row *row, const struct demand *demand)
{
    return (!row->unresolved || demand->line->site_ports) && lx_row_hook(row) == demand->hook && reaches(row, demand) &&
           (row->side == LX_SIDE_NONE || row->side == demand->side) &&
           (row->lb == LX_LB_ANY || row->lb == demand->lb) && row->transports & LX_TRANSPORT_BIT(demand->transport) &&
           (demand->line->site_sources || within(&demand->line->source_ports, &row->source_ports)) &&
           same_partner(row, demand->line, true) && serves(row, demand->line);
}

static void line_name(const struct printed_line *line, char name[128])
{
    snprintf(name, 128, "%s %s", line->document, line->row);
}

/* Returns true when it is met. */
static bool check_demand(const struct rows *rows, const struct demand *demand, struct findings *findings)
{
    const struct printed_line *line = demand->line;
    struct port_set open = {{0}};
    bool some = false;
    char where[128];
    unsigned port;

    for (size_t i = 0; i < rows->count; i++)
        if (answers(rows->items[i], demand)) {
            add_ports(&open, &rows->items[i]->destination_ports);
            some = true;
        }
    if (some && line->site_ports)
        return true;
    port = first_lacking(&open, &line->ports);
    line_name(line, where);
    if (port)
        found(findings, "missing", where, "%s does not open %s %u of %s, %s, side %s, peers %s", demand->role,
              demand->transport == LX_TCP ? "tcp" : "udp", port, line->ports_text,
              demand->hook == LX_HOOK_TO_ROLE ? "to-role" : "from-role", line->side, line->peers);
    return !port;
}

/* It opens nothing, but a row says that it is there. */
static void check_unresolved(const struct rows *rows, const struct printed_line *line, const char *role,
                             struct findings *findings)
{
    char where[128];

    for (size_t i = 0; i < rows->count; i++) {
        const struct lx_row *row = rows->items[i];

        if (row->unresolved && line_has_hook(line, lx_row_hook(row)) && same_application(row, line) &&
            serves(row, line) && (!line->ports.count || within(&row->destination_ports, &line->ports)))
            return;
    }
    line_name(line, where);
    found(findings, "missing", where, "%s has no unresolved row for %s", role, line->application);
}

/* Returns true when all of it is met, for one group of machines at the other end. */
static bool check_group(const struct rows *rows, struct demand demand, struct findings *findings)
{
    const struct printed_line *line = demand.line;

    for (demand.hook = LX_HOOK_TO_ROLE; demand.hook <= LX_HOOK_FROM_ROLE; demand.hook++)
        for (demand.side = LX_SIDE_NONE; demand.side <= LX_SIDE_INTERNAL; demand.side++)
            for (demand.lb = LX_LB_HARDWARE; demand.lb <= LX_LB_DNS; demand.lb++)
                for (demand.transport = LX_TCP; demand.transport <= LX_UDP; demand.transport++)
                    if (line_has_hook(line, demand.hook) && line_has_side(line, demand.side) &&
                        line_has_lb(line, demand.lb) && line_has_transport(line, demand.transport) &&
                        !check_demand(rows, &demand, findings))
                        return false;
    return true;
}

static void check_line(const struct rows *rows, const struct printed_line *line, const char *role,
                       struct findings *findings)
{
    struct demand demand = {.line = line, .role = role};

    if (line->unresolved)
        check_unresolved(rows, line, role, findings);
    else if (!line_names_groups(line))
        check_group(rows, demand, findings);
    else
        for (demand.group = group_names; demand.group->name; demand.group++)
            if (listed(line->peers, demand.group->name) && !check_group(rows, demand, findings))
                return;
}

/* The roles that a line is about are there. */
static void check_roles(const struct lx_policy_file *file, const struct printed_line *line, struct findings *findings)
{
    char *roles = strdup(line->roles), *rest = roles, where[128];

    cr_assert_not_null(roles);
    line_name(line, where);
    for (const char *role; (role = strsep(&rest, ","));)
        if (!lx_policy_file_role(file, role))
            found(findings, "missing", where, "there is no role %s", role);
    free(roles);
}

void find_missing_roles(const struct lx_policy_file *file, const struct printed *printed, struct findings *findings)
{
    for (size_t i = 0; i < printed->count; i++)
        check_roles(file, &printed->lines[i], findings);
}

void find_missing(const struct lx_policy_file *file, const struct printed *printed, struct findings *findings)
{
    for (size_t i = 0; i < file->role_count; i++) {
        struct rows rows = {.count = 0};

        add_rows(&rows, &file->roles[i]);
        for (size_t j = 0; j < printed->count; j++)
            if (names_role(printed->lines[j].roles, &file->roles[i]))
                check_line(&rows, &printed->lines[j], file->roles[i].name, findings);
    }
}

/* --- Nothing is opened that is not printed ------------------------------------------------------------------------ */

/* The place of a citation, "servers 9": the line's number, whatever part of it, or for a document without numbers the
 * name that the line's note begins with; a label of a poster is any line there. */
static bool is_place(const char *place, const struct printed_line *line)
{
    const char *number = strchr(line->row, '/') + 1;
    size_t length = strlen(place);

    if (!isdigit((unsigned char)*place))
        return !strcmp(line->document, "lync2010-poster") || !strncmp(line->note, place, length);
    return !strncmp(number, place, length) && (!number[length] || isalpha((unsigned char)number[length]));
}

static bool is_citation(const char *citation, const struct printed_line *line)
{
    const char *place = citation ? strchr(citation, ' ') : NULL;
    char key[64];

    if (!place)
        return false;
    snprintf(key, sizeof(key), "%.*s", (int)(place - citation), citation);
    return listed(line->cited_as, key) && is_place(place + 1, line);
}

bool cites(const struct lx_row *row, const struct printed_line *line)
{
    bool cited = is_citation(row->citation, line);

    for (size_t i = 0; i < row->repeats.count && !cited; i++)
        cited = is_citation(row->repeats.items[i], line);
    return cited;
}

/*
 * The line is about the role, on the row's hook and side, and its peers are the row's partner; or the role is the peer,
 * for whom the hook turns round.
 */
static bool speaks_of(const struct printed_line *line, const struct lx_role *role, const struct lx_row *row,
                      enum lx_side side)
{
    enum lx_hook hook = lx_row_hook(row), turned = hook == LX_HOOK_TO_ROLE ? LX_HOOK_FROM_ROLE : LX_HOOK_TO_ROLE;

    if (names_role(line->roles, role) && line_has_hook(line, hook) && line_has_side(line, side) &&
        same_partner(row, line, false))
        return true;
    return names_role(line->peers, role) && line_has_hook(line, turned);
}

static bool allows(const struct printed_line *line, const struct lx_role *role, const struct lx_row *row,
                   enum lx_side side, enum lx_transport transport)
{
    return !line->unresolved && cites(row, line) && speaks_of(line, role, row, side) &&
           (!line->unprinted || is_unprinted(row)) &&
           (row->lb == LX_LB_ANY ? line_has_lb(line, LX_LB_HARDWARE) && line_has_lb(line, LX_LB_DNS)
                                 : line_has_lb(line, row->lb)) &&
           line_has_transport(line, transport) && within(&row->source_ports, &line->source_ports);
}

static void check_row(const struct printed *printed, const struct lx_policy_file *file, const struct lx_role *role,
                      const struct lx_row *row, enum lx_side side, struct findings *findings)
{
    for (enum lx_transport transport = LX_TCP; transport <= LX_UDP; transport++) {
        struct port_set allowed = {{0}};
        char where[128];
        unsigned port;

        if (!(row->transports & LX_TRANSPORT_BIT(transport)))
            continue;
        for (size_t i = 0; i < printed->count; i++)
            if (allows(&printed->lines[i], role, row, side, transport))
                add_ports(&allowed, &printed->lines[i].ports);
        port = first_lacking(&allowed, &row->destination_ports);
        snprintf(where, sizeof(where), "%s %s", file->edition, row->id);
        if (port)
            found(findings, "unprinted", where, "at %s it opens %s %u, which is not printed where it cites", role->name,
                  transport == LX_TCP ? "tcp" : "udp", port);
    }
}

/* A row that opens nothing rests on a line that is printed without a port or a transport. */
static void check_unresolved_row(const struct printed *printed, const struct lx_policy_file *file,
                                 const struct lx_role *role, const struct lx_row *row, struct findings *findings)
{
    char where[128];

    for (size_t i = 0; i < printed->count; i++)
        if ((printed->lines[i].unresolved || printed->lines[i].site_ports) && cites(row, &printed->lines[i]) &&
            speaks_of(&printed->lines[i], role, row, row->side) && same_application(row, &printed->lines[i]))
            return;
    snprintf(where, sizeof(where), "%s %s", file->edition, row->id);
    found(findings, "unprinted", where, "at %s it is unresolved, but no such line is printed", role->name);
}

void find_unprinted(const struct lx_policy_file *file, const struct printed *printed, struct findings *findings)
{
    for (size_t i = 0; i < file->role_count; i++) {
        const struct lx_role *role = &file->roles[i];
        struct rows rows = {.count = 0};

        add_rows(&rows, role);
        for (size_t j = 0; j < rows.count; j++) {
            const struct lx_row *row = rows.items[j];

            if (row->unresolved)
                check_unresolved_row(printed, file, role, row, findings);
            else if (row->side != LX_SIDE_NONE || !(role->external || role->internal))
                check_row(printed, file, role, row, row->side, findings);
            else
                for (enum lx_side side = LX_SIDE_EXTERNAL; side <= LX_SIDE_INTERNAL; side++)
                    check_row(printed, file, role, row, side, findings);
        }
    }
}

/* --- Every numbered line is cited --------------------------------------------------------------------------------- */

static bool is_cited(const struct lx_policy_file *file, const struct printed_line *line)
{
    for (size_t i = 0; i < file->role_count; i++)
        for (size_t j = 0; j < file->roles[i].row_count; j++)
            if (cites(&file->roles[i].rows[j], line))
                return true;
    return false;
}

void find_uncited(const struct lx_policy_file *file, const struct printed *printed, struct findings *findings)
{
    for (size_t i = 0; i < printed->count; i++) {
        const struct printed_line *line = &printed->lines[i];
        char where[128];

        line_name(line, where);
        if (strcmp(line->cited_as, "-") && !is_cited(file, line))
            found(findings, "uncited", where, "no row cites it");
    }
}
