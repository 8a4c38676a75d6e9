/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of reading config.json, for each other. */
#pragma once

#include "runtime/spec.h"

int spec_parse_process(const struct json_node *node, struct spec_process **ret, struct error *err);

/* What annotations say in addition; see spec-annotations.c. */
int spec_apply_annotations(const struct json_node *root, struct spec *spec, struct error *err);

int spec_parse_linux(const struct json_node *section, struct spec *spec, struct error *err);
int spec_parse_seccomp(const struct json_node *seccomp, struct spec_seccomp **ret, struct error *err);
void spec_seccomp_free(struct spec_seccomp *seccomp);

/* What cannot mean anything, whatever machine it runs on. Nodes are there for the messages. */
int spec_validate(const struct json_node *root, const struct spec *spec, struct error *err);
int spec_validate_process(const struct json_node *node, const struct spec_process *process, struct error *err);

/* Untouched if it is not there. */
int spec_parse_u32(const struct json_node *node, const char *key, uint32_t max, uint32_t *ret, struct error *err);

/* The mounts alone, of which @array is the node. */
int spec_validate_mounts(const struct json_node *array, const struct spec *spec, struct error *err);

/* An array of id mappings under @key. */
int spec_parse_id_mappings(const struct json_node *node, const char *key, struct spec_id_mapping **ret,
			   size_t *ret_count, struct error *err);

/* The members of the object under @key, all strings: key, value, key, value, ... */
int spec_parse_pairs(const struct json_node *node, const char *key, char ***ret, struct error *err);

int spec_parse_optional_i64(const struct json_node *node, const char *key, struct optional_i64 *ret, struct error *err);
int spec_parse_optional_u64(const struct json_node *node, const char *key, struct optional_u64 *ret, struct error *err);
