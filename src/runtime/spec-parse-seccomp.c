/* SPDX-License-Identifier: Apache-2.0 */
/* config.json's "linux.seccomp", as it is written: config-linux.md, "Seccomp". */
#include <stdlib.h>

#include "base/mem.h"
#include "runtime/spec-internal.h"

static int parse_seccomp_arg(const struct json_node *element, struct spec_seccomp_arg *arg, struct error *err)
{
	uint64_t index = 0;
	const char *op;
	int r = json_as_object(element, err);
	if (r < 0 || (r = json_get_u64(element, "index", 5, &index, err)) < 0 ||
	    (r = json_get_u64(element, "value", UINT64_MAX, &arg->value, err)) < 0 ||
	    (r = json_get_u64(element, "valueTwo", UINT64_MAX, &arg->value_two, err)) < 0 ||
	    (r = json_need_string(element, "op", &op, err)) < 0)
		return r;
	arg->index = (unsigned)index;
	arg->op = mem_strdup(op);
	return 1;
}

static int parse_seccomp_rule(const struct json_node *element, struct spec_seccomp_rule *rule, struct error *err)
{
	struct json_node args;
	const char *action;
	int r = json_as_object(element, err);
	if (r < 0 || (r = json_get_strv(element, "names", &rule->names, err)) < 0 ||
	    (r = json_need_string(element, "action", &action, err)) < 0)
		return r;
	rule->action = mem_strdup(action);
	if (!rule->names || !*rule->names)
		return json_error(element, err, "a system call rule needs at least one name");
	if ((r = spec_parse_optional_u64(element, "errnoRet", &rule->errno_ret, err)) < 0)
		return r;
	r = json_get_array(element, "args", &args, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&args); i++) {
		struct json_node arg = json_array_at(&args, i);
		r = parse_seccomp_arg(&arg, ARRAY_APPEND(rule->args, rule->n_args), err);
	}
	return r;
}

static int parse_seccomp_fields(const struct json_node *node, struct spec_seccomp *seccomp, struct error *err)
{
	struct json_node rules;
	const char *action;
	int r = json_need_string(node, "defaultAction", &action, err);
	if (r < 0)
		return r;
	seccomp->default_action = mem_strdup(action);
	if ((r = spec_parse_optional_u64(node, "defaultErrnoRet", &seccomp->default_errno_ret, err)) < 0 ||
	    (r = json_get_strv(node, "architectures", &seccomp->architectures, err)) < 0 ||
	    (r = json_get_strv(node, "flags", &seccomp->flags, err)) < 0 ||
	    (r = json_get_text(node, "listenerPath", &seccomp->listener_path, err)) < 0 ||
	    (r = json_get_text(node, "listenerMetadata", &seccomp->listener_metadata, err)) < 0)
		return r;
	if (seccomp->listener_metadata && !seccomp->listener_path)
		return json_error(node, err, "\"listenerMetadata\" needs a \"listenerPath\"");
	r = json_get_array(node, "syscalls", &rules, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&rules); i++) {
		struct json_node rule = json_array_at(&rules, i);
		r = parse_seccomp_rule(&rule, ARRAY_APPEND(seccomp->rules, seccomp->n_rules), err);
		if (r < 0)
			return r;
		r = 1;
	}
	return r;
}

int spec_parse_seccomp(const struct json_node *node, struct spec_seccomp **ret, struct error *err)
{
	struct spec_seccomp *seccomp = NEW(struct spec_seccomp);
	int r = parse_seccomp_fields(node, seccomp, err);
	if (r < 0)
		spec_seccomp_free(seccomp);
	else
		*ret = seccomp;
	return r;
}
