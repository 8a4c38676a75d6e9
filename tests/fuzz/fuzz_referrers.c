/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest with a subject, and the list that it is added to; each may be anything. A NUL byte stands between them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "image/manifest.h"
#include "image/referrers.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

/* What was added is there, and is not added again. */
static void check_list(const char *list, size_t len, const struct referrer *referrer)
{
	_cleanup_free_ char *longer = NULL, *same = NULL;
	int r = referrers_add(list, len, referrer, &longer, NULL);
	check(r == 1 ? longer != NULL : !longer);
	check(r >= 0 || r == -ERR_REG_ANSWER);
	if (r == 1)
		check(referrers_add(longer, strlen(longer), referrer, &same, NULL) == 0 && !same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = mem_strndup((const char *)data, size);
	_cleanup_referrer_ struct referrer referrer = { 0 };
	size_t len = strlen(text);
	const char *list = len < size ? (const char *)data + len + 1 : NULL;
	char tag[REFERRERS_TAG_MAX + 1];
	check(strlen(referrers_tag(text, tag)) <= REFERRERS_TAG_MAX);
	int r = referrer_parse(text, len, MEDIA_OCI_MANIFEST, DIGEST, &referrer, NULL);
	check(r == 0 || r == -ERR_IMG_MANIFEST);
	if (r < 0 || !referrer.subject)
		return 0;
	check_list(NULL, 0, &referrer);
	if (list)
		check_list(list, size - len - 1, &referrer);
	return 0;
}
