/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an archive's entry is called, out of hostile bytes.
 *
 * A name is taken as every implementation takes it: "./" and leading slashes fall away (the layer's directory is "/"),
 * doubled slashes count once, ".." removes what stands before it, lexically, as Docker, containerd and umoci have it
 * (Go's path.Clean). A name that leads out of the layer is refused, as Docker does; containerd and umoci would let it end
 * at the layer's directory instead, but no honest tool writes such a name. Bytes are bytes: nothing has to be UTF-8.
 *
 * Source: OCI image-spec, layer.md, "Whiteouts".
 */
#pragma once

#include "base/error.h"

enum name_kind {
	NAME_ROOT,     /* the layer's directory itself */
	NAME_PLAIN,
	NAME_WHITEOUT, /* ".wh.NAME": the base is NAME */
	NAME_OPAQUE,   /* ".wh..wh..opq": of the directory `dir` */
	NAME_IGNORED,  /* other ".wh..wh." names are AUFS' own records */
};

struct entry_name {
	enum name_kind kind;
	char *dir;  /* "" for the layer's directory, else without slashes at either end */
	char *base; /* one component */
};

/* Errors: ERR_IMG_LAYER. */
int name_parse(const char *raw, struct entry_name *ret, struct error *err);
void name_done(struct entry_name *name);
#define _cleanup_name_ _cleanup_(name_done)

/* A path below the layer's directory, normalised; "" is that directory. For targets of hard links. free() it. */
int name_normalize(const char *raw, char **ret, struct error *err);
