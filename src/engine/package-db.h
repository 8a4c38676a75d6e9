/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What package managers write down of what they have installed: dpkg's status and apk's installed, both of them paragraphs of
 * lines "key: value", from files that an image has brought. What makes no sense is no package.
 *
 * Source: dpkg(1), "INFORMATION ABOUT PACKAGES"; deb-control(5); wiki.alpinelinux.org/wiki/Apk_spec, "Installed database".
 */
#pragma once

#include <stddef.h>

enum package_kind { PACKAGE_DEB, PACKAGE_APK, PACKAGE_RPM };

struct package {
	enum package_kind kind;
	char *name, *version, *architecture; /* the last two may be empty */
};

struct package_list {
	struct package *packages;
	size_t count;
};
void package_list_done(struct package_list *list);
#define _cleanup_package_list_ _cleanup_(package_list_done)

/* Append the packages of @text that are installed; for those of rpm see package-rpm.h. */
void package_db_parse(enum package_kind kind, const char *text, struct package_list *list);
