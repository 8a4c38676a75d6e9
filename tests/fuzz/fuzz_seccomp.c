/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A user's profile, from its text to the program that the kernel gets. What becomes a program must be one that the kernel
 * takes: it ends in a return, and no jump leaves it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "engine/seccomp-profile.h"
#include "runtime/seccomp.h"
#include "runtime/spec-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_program(const struct seccomp_filter *filter)
{
	require(filter->count > 0 && filter->count <= BPF_MAXINSNS);
	require(BPF_CLASS(filter->instructions[filter->count - 1].code) == BPF_RET);
	for (size_t pc = 0; pc < filter->count; pc++) {
		const struct sock_filter *i = &filter->instructions[pc];
		size_t left = filter->count - pc - 1;
		if (i->code == (BPF_JMP | BPF_JA))
			require(i->k < left);
		else if (BPF_CLASS(i->code) == BPF_JMP)
			require(i->jt < left && i->jf < left);
	}
}

static void compile(struct json_object *profile)
{
	struct json_document document;
	struct spec_seccomp *spec;
	struct seccomp_filter filter;
	struct error err = { 0 };
	json_document_wrap(profile, "fuzz", ERR_SPEC, &document);
	struct json_node root = json_root(&document);
	if (spec_parse_seccomp(&root, &spec, &err) >= 0) {
		if (seccomp_prepare(spec, -1, &filter, &err) >= 0) {
			check_program(&filter);
			seccomp_filter_done(&filter);
		}
		spec_seccomp_free(spec);
	}
	json_document_done(&document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *profile;
	struct error err = { 0 };
	log_set_level(LOG_LEVEL_ERROR);
	if (seccomp_profile_parse((const char *)data, size, "fuzz", UINT64_MAX / 3, &profile, &err) < 0)
		require(err.code == ERR_SEC_SECCOMP && err.message[0]);
	else
		compile(profile);
	return 0;
}
