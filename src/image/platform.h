/* SPDX-License-Identifier: Apache-2.0 */
/* Which machine an image is for, in Go's words. Source: OCI image-spec, image-index.md. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct platform {
	char os[16];	      /* "linux" */
	char architecture[24]; /* "amd64", "arm64" */
	char variant[16];     /* "v8", "" */
};

/* This machine. */
struct platform platform_host(void);

/* "linux/arm64/v8", "arm64". Errors: ERR_INVALID. */
int platform_parse(const char *text, struct platform *ret, struct error *err);

/* "linux/amd64", "linux/arm/v7". Returns @buf. */
const char *platform_format(const struct platform *platform, char buf[static 64]);

/* Whether @offered can run where @wanted is asked for; the higher, the better the match; 0 is no. */
int platform_match(const struct platform *wanted, const struct platform *offered);
