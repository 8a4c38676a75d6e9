/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What plugins of the Container Network Interface answer: what they have made, or why not.
 *
 * Source: CNI specification 1.1, section 2 "Errors", and section 5 "Result Types".
 */
#pragma once

#include "base/cleanup.h"
#include "base/json.h"
#include "network/cidr.h"

/* Of the container's side, the first of each family. */
struct cni_result {
	struct cidr address, address6; /* with prefix; family 0: none */
	struct cidr gateway, gateway6;
	char *mac; /* or NULL */
	char **dns, **dns_search, **dns_options;
};
void cni_result_done(struct cni_result *result);
#define _cleanup_cni_result_ _cleanup_(cni_result_done)

/* @interface: the container's. Errors: the document's code, with the place. */
int cni_result_parse(const struct json_node *root, const char *interface, struct cni_result *ret, struct error *err);

/* What the plugin says of its failure in the @len bytes at @text: "msg: details (code 11)"; NULL if it is no such document. */
char *cni_error_text(const char *text, size_t len);
