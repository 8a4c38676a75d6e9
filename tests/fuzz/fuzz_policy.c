/* SPDX-License-Identifier: Apache-2.0 */
/* YAML, network policies in it, and what nft(8) would have to read: no text of a document becomes a word of that. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/yaml.h"
#include "network/firewall-change.h"
#include "network/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_policy(struct json_object *value)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_str_ struct str out = { 0 };
	char *labels[] = { (char *)"app=db", (char *)"tier=", NULL };
	struct policy_endpoint endpoint = { .labels = labels, .network = (char *)"app", .network_labels = labels };
	struct firewall_change change;
	struct policy policy;
	json_document_wrap(json_object_get(value), "fuzz", ERR_INVALID, &document);
	if (cidr_parse_address("10.0.0.2", &endpoint.address, NULL) < 0)
		abort();
	if (policy_parse(&document, &policy, NULL) < 0)
		return;
	policy_write_rules("t", &policy, 1, &out);
	firewall_change_begin(&change, "t", false);
	policy_put_sets(&change, &policy, 1, &endpoint, 1);
	policy_write_sets(&change, &out);
	firewall_change_done(&change);
	if (strchr(str_text(&out), ';') && strstr(str_text(&out), "\";"))
		abort();
	policy_done(&policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ struct json_object *documents = NULL;
	_cleanup_free_ char *text = mem_strndup((const char *)data, size);
	if (yaml_parse(text, strlen(text), "fuzz", &documents, NULL) < 0)
		return 0;
	for (size_t i = 0; i < json_object_array_length(documents); i++)
		check_policy(json_object_array_get_idx(documents, i));
	return 0;
}
