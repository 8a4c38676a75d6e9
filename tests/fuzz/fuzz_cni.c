/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations of the Container Network Interface, results and errors of its plugins: each input is taken for all three. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "network/cni-config.h"
#include "network/cni-result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_network(const char *text, size_t len)
{
	_cleanup_cni_network_ struct cni_network *network = NULL;
	if (cni_network_parse(text, len, "fuzz", &network, NULL) < 0)
		return;
	if (network->n_plugins == 0 || strchr(network->name, '/'))
		abort();
	for (size_t i = 0; i < network->n_plugins; i++) {
		if (strchr(network->plugins[i].type, '/') || network->plugins[i].type[0] == '.')
			abort();
		(void)cni_plugin_has(&network->plugins[i], "portMappings");
	}
}

static void read_result(const char *text, size_t len)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_cni_result_ struct cni_result result = { 0 };
	if (json_parse(text, len, "fuzz", ERR_NET, &document, NULL) < 0)
		return;
	struct json_node root = json_root(&document);
	if (cni_result_parse(&root, "eth0", &result, NULL) < 0)
		return;
	for (char **server = result.dns; server && *server; server++)
		if (strchr(*server, '\n'))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_network((const char *)data, size);
	read_result((const char *)data, size);
	free(cni_error_text((const char *)data, size));
	return 0;
}
