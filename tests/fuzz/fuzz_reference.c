/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image names. What is accepted must keep its meaning: the full and the familiar form are names of the same image, and
 * no part holds a character that could lead out of a URL's path or a directory.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/digest.h"
#include "image/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void check_same(const struct image_reference *a, const char *text)
{
	_cleanup_reference_ struct image_reference b = { 0 };
	check(reference_parse(text, &b, NULL) == 0);
	check(streq(a->registry, b.registry) && streq(a->repository, b.repository));
	check(streq_null(a->tag, b.tag) && streq_null(a->digest, b.digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = mem_strndup((const char *)data, size);
	_cleanup_reference_ struct image_reference reference = { 0 };
	struct error err = { 0 };
	int r = reference_parse(text, &reference, &err);
	if (r < 0) {
		check(r == -ERR_IMG_REF && strstr(err.message, "invalid reference format"));
		check(!reference.registry && !reference.repository);
		return 0;
	}
	check(err.code == ERR_NONE);
	check(reference.tag || reference.digest);
	check(!reference.digest || digest_is_valid(reference.digest));
	check(*reference.repository && strlen(reference.repository) <= 255);
	check(strspn(reference.repository, "abcdefghijklmnopqrstuvwxyz0123456789._-/") == strlen(reference.repository));
	check(!strstr(reference.repository, "..") && !strstr(reference.repository, "//"));
	_cleanup_free_ char *full = reference_full(&reference);
	_cleanup_free_ char *familiar = reference_familiar(&reference);
	_cleanup_free_ char *repository = reference_familiar_repository(&reference);
	check_same(&reference, full);
	check_same(&reference, familiar);
	check(str_starts_with(familiar, repository));
	return 0;
}
