/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network configurations of the Container Network Interface: a list of plugins that are run one behind the other, or, as
 * before version 1.0, one plugin alone.
 *
 * They are an administrator's files. What is for a plugin is handed to it as it is; what is for us is checked.
 *
 * Source: CNI specification 1.1, section 1 "Network configuration format".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/json.h"

enum cni_version { CNI_0_3_0, CNI_0_3_1, CNI_0_4_0, CNI_1_0_0, CNI_1_1_0 };

struct cni_plugin {
	const char *type; /* the name of its program */
	struct json_node node;
};

struct cni_network {
	struct json_document document;
	struct json_node root, list; /* which the nodes of plugins lead back to */
	const char *name;
	enum cni_version version;
	bool disable_check, disable_gc;
	struct cni_plugin *plugins;
	size_t n_plugins;
};

enum { CNI_CONFIG_MAX = 1 << 20 }; /* bytes */

const char *cni_version_text(enum cni_version version);

/* free() what it returns with cni_network_free(). @file is for messages. Errors: ERR_NET with the place in the document. */
int cni_network_parse(const char *text, size_t len, const char *file, struct cni_network **ret, struct error *err);

/*
 * The network called @name, of the files *.conflist, *.conf and *.json in @dir, in the order of their names; a list goes
 * before a plugin alone. A file that makes no sense matters only if no other one has the network. Errors: ERR_NET.
 */
int cni_network_find(const char *dir, const char *name, struct cni_network **ret, struct error *err);
void cni_network_free(struct cni_network *network);

/* The names of all of them, each once; files that make no sense are left out. No directory is one without networks. strv_free(). */
char **cni_network_names(const char *dir);
DEFINE_CLEANUP(struct cni_network *, cni_network_free);
#define _cleanup_cni_network_ _cleanup_(cni_network_freep)

/* Whether the plugin says that it takes @capability from us ("portMappings"). */
bool cni_plugin_has(const struct cni_plugin *plugin, const char *capability);

/* Whether one of its plugins does. */
bool cni_network_has(const struct cni_network *network, const char *capability);
