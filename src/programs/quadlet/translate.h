/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quadlet files become services: NAME.container runs a container, NAME.pod a pod, NAME.volume and NAME.network make what
 * they need.
 *
 * Source: podman-systemd.unit(5), for the keys and their meaning.
 */
#pragma once

#include "programs/quadlet/unit-file.h"

struct quadlet_file {
	char *folder; /* what relative paths in it are relative to */
	char *name;   /* "web.container" */
	const struct quadlet_kind *kind;
	struct unit_file unit;
	bool translated;
};

struct quadlet {
	const char *coffer; /* the program, absolute */
	bool user;	    /* for the service manager of a user */
	struct quadlet_file *files;
	size_t n_files;
};

struct quadlet_kind {
	const char *suffix;	    /* ".container"; NULL ends the list */
	const char *service_suffix; /* "-volume": web.volume becomes web-volume.service */
	const char *section;
	const char *name_key; /* in it: what the object is called, if not systemd-NAME */
	/* Turn the file into a service. Errors: ERR_INVALID, ERR_UNSUPPORTED. NULL: it cannot become one, and why: */
	int (*translate)(const struct quadlet *quadlet, struct quadlet_file *file, struct error *err);
	const char *why_not;
};

extern const struct quadlet_kind QUADLET_KINDS[];

/* The kind of a file by its name, or NULL. */
const struct quadlet_kind *quadlet_kind_of(const char *file_name);

/* The name of its service, "web-volume.service"; free() it. */
char *quadlet_service_name(const struct quadlet_file *file);

/* What its object is called: as the file says, or "systemd-" and the file's name; free() it. */
char *quadlet_object_name(const struct quadlet_file *file);

int quadlet_translate_container(const struct quadlet *quadlet, struct quadlet_file *file, struct error *err);
int quadlet_translate_volume(const struct quadlet *quadlet, struct quadlet_file *file, struct error *err);
int quadlet_translate_pod(const struct quadlet *quadlet, struct quadlet_file *file, struct error *err);
int quadlet_translate_network(const struct quadlet *quadlet, struct quadlet_file *file, struct error *err);

/* --- What translations have in common --- */

enum key_form {
	KEY_OWN,   /* the translation sees to it by itself */
	KEY_VALUE, /* --flag VALUE, of the last */
	KEY_LINES, /* --flag LINE, of each */
	KEY_WORDS, /* --flag WORD, of each word of each line */
	KEY_BOOL,  /* --flag=true or --flag=false */
	KEY_PASS,  /* the words as they are */
	KEY_NEVER, /* .flag says why */
};

struct key {
	const char *name; /* NULL ends a table */
	enum key_form form;
	const char *flag; /* "--label", or with a part of the value: "--security-opt=seccomp=" */
};

/* Every key of @section has to be in the table. Adds the flags to @command. */
int keys_translate(const struct unit_file *unit, const char *section, const struct key *keys, struct str *command,
		   struct error *err);

/* The file that @name ("data.volume") names; its service becomes one that @file needs. Errors: ERR_INVALID. */
int quadlet_depend_on(const struct quadlet *quadlet, struct quadlet_file *file, const char *name,
		      const struct quadlet_file **ret, struct error *err);

/* --network, as Network= says: the network of a file of ours, or the container whose it is, or what --network knows. */
int quadlet_append_network(const struct quadlet *quadlet, struct quadlet_file *file, const char *value,
			   struct str *command, struct error *err);

/* What it was made of; and it starts when the network is up. */
void quadlet_add_ordering(const struct quadlet *quadlet, struct unit_file *unit);

/* Add an assignment of [Service] or [Unit] unless the file has one. */
void quadlet_default(struct unit_file *unit, const char *section, const char *key, const char *value);

/* A volume or network is made once, and stays. */
void quadlet_make_once(struct unit_file *unit, struct str *command);
