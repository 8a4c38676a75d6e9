/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of seccomp: profiles out of text, and filters out of profiles. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/seccomp-default.h"
#include "runtime/seccomp.h"
#include "runtime/spec-internal.h"

static inline void free_profile(struct spec_seccomp **profile)
{
	spec_seccomp_free(*profile);
}

static inline struct spec_seccomp *parse(struct json_document *document)
{
	struct spec_seccomp *profile;
	struct json_node root = json_root(document);
	struct error err = { 0 };
	int r = spec_parse_seccomp(&root, &profile, &err);
	json_document_done(document);
	if (r < 0)
		fail_msg("%s", err.message);
	return profile;
}

/* Single quotes stand for double ones, so that tables can be read. */
static inline struct spec_seccomp *profile_of_text(const char *text)
{
	_cleanup_free_ char *json = mem_strdup(text);
	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	struct json_document document;
	struct error err = { 0 };
	if (json_parse(json, strlen(json), "test", ERR_SPEC, &document, &err) < 0)
		fail_msg("%s", err.message);
	return parse(&document);
}

static inline struct spec_seccomp *default_profile(uint64_t capabilities)
{
	struct json_document document;
	json_document_wrap(seccomp_default_profile(capabilities), "default", ERR_SPEC, &document);
	return parse(&document);
}

static inline struct seccomp_filter prepare(const struct spec_seccomp *profile)
{
	struct seccomp_filter filter;
	struct error err = { 0 };
	if (seccomp_prepare(profile, -1, &filter, &err) < 0)
		fail_msg("%s", err.message);
	return filter;
}

static inline struct seccomp_filter prepare_text(const char *text)
{
	_cleanup_(free_profile) struct spec_seccomp *profile = profile_of_text(text);
	return prepare(profile);
}

static inline struct seccomp_filter prepare_default(uint64_t capabilities)
{
	_cleanup_(free_profile) struct spec_seccomp *profile = default_profile(capabilities);
	return prepare(profile);
}
