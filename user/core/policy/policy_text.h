/* SPDX-License-Identifier: GPL-2.0-only */
/* The schema of a policy file: what it declares, its sets of rows and its roles. */
#ifndef LYNCXDP_CORE_POLICY_TEXT_H
#define LYNCXDP_CORE_POLICY_TEXT_H

#include "policy_draft.h"

enum lx_section {
    LX_SECTION_EDITION,
    LX_SECTION_INCLUDE,
    LX_SECTION_DOCUMENTS,
    LX_SECTION_WORKLOADS,
    LX_SECTION_OPTIONS,
    LX_SECTION_SETS,
    LX_SECTION_ROLES,
    LX_SECTIONS
};

/* Finds the sections of a file, each NULL where there is none. False after a mistake: it is no mapping. */
bool lx_read_sections(struct lx_unit *unit, const struct lx_node *sections[LX_SECTIONS]);

/* Reads the documents: before what is included, whose rows may cite those of whoever includes them. */
void lx_read_documents(struct lx_policy_draft *policy, struct lx_unit *unit,
                       const struct lx_node *const sections[LX_SECTIONS]);

/* Reads the others into the policy, all but what is included. Mistakes go to the file's reader. */
void lx_read_policy_text(struct lx_policy_draft *policy, struct lx_unit *unit,
                         const struct lx_node *const sections[LX_SECTIONS]);

#endif
