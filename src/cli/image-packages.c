/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/report.h"
#include "cli/rows.h"
#include "engine/packages.h"

struct packages_options {
	bool no_trunc;
	char *format;
};

static const struct rows_kind PACKAGE_ROWS = {
	.what = "package",
	.fields =
		(const struct rows_field[]){
			{ "Name", "NAME" },
			{ "Version", "VERSION" },
			{ "Architecture", "ARCHITECTURE" },
			{ "Type", "TYPE" },
			{ "Layer", "LAYER" },
			{ "CreatedBy", "CREATED BY" },
			{ "PURL", "PURL" },
			{ 0 },
		},
};

/* Source: RFC 3986, "unreserved", as package-url has it for all of its parts. */
static void append_encoded(struct str *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
	for (; *text; text++) {
		if (strchr(plain, *text))
			str_append_char(out, *text);
		else
			str_appendf(out, "%%%02X", (unsigned char)*text);
	}
}

/* "?KEY=VALUE" or "&KEY=VALUE"; they are in the order of their keys. */
static void append_qualifier(struct str *out, bool *is_first, const char *key, const char *value)
{
	str_appendf(out, "%c%s=", *is_first ? '?' : '&', key);
	append_encoded(out, value);
	*is_first = false;
}

/*
 * pkg:deb/debian/NAME@VERSION?arch=ARCHITECTURE&distro=debian-12; what rpm has before the colon of a version is a qualifier.
 * Source: github.com/package-url/purl-spec.
 */
static void add_purl(struct json_object *fields, const struct image_packages *packages,
		     const struct image_package *package)
{
	_cleanup_str_ struct str purl = { 0 };
	bool is_first = true;
	const char *distribution = packages->distribution ? packages->distribution : "", *version = package->version;
	const char *colon = streq(package->type, "rpm") ? strchr(version, ':') : NULL;
	_cleanup_free_ char *epoch = colon ? mem_strndup(version, (size_t)(colon - version)) : NULL;
	str_appendf(&purl, "pkg:%s/", package->type);
	append_encoded(&purl, distribution);
	str_append(&purl, *distribution ? "/" : "");
	append_encoded(&purl, package->name);
	if (*version) {
		str_append_char(&purl, '@');
		append_encoded(&purl, colon ? colon + 1 : version);
	}
	if (*package->architecture)
		append_qualifier(&purl, &is_first, "arch", package->architecture);
	if (*distribution && packages->release) {
		_cleanup_free_ char *distro = mem_printf("%s-%s", distribution, packages->release);
		append_qualifier(&purl, &is_first, "distro", distro);
	}
	if (epoch)
		append_qualifier(&purl, &is_first, "epoch", epoch);
	json_add_string(fields, "PURL", str_text(&purl));
}

static int show(struct rows *rows, const struct image_packages *packages, const struct image_package *package,
		bool no_trunc, struct error *err)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_str_ struct str layer = { 0 };
	format_image_id(&layer, package->layer, no_trunc);
	json_add_string(fields, "Name", package->name);
	json_add_string(fields, "Version", package->version);
	json_add_string(fields, "Architecture", package->architecture);
	json_add_string(fields, "Type", package->type);
	json_add_string(fields, "Layer", str_text(&layer));
	json_add_string(fields, "CreatedBy", package->created_by);
	add_purl(fields, packages, package);
	return rows_add(rows, fields, NULL, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	static const char *const columns[] = { "Name", "Version", "Architecture", "Type", "Layer", NULL };
	const struct packages_options *options = data;
	_cleanup_rows_ struct rows rows = { 0 };
	struct image_packages packages = { 0 };
	struct image *image = NULL;
	int r = rows_begin(&rows, &PACKAGE_ROWS, options->format, columns, err);
	if (r >= 0)
		r = engine_image_find(cli->engine, args[0], &image, err);
	if (r >= 0)
		r = engine_image_packages(cli->engine, image, &packages, err);
	for (size_t i = 0; r >= 0 && i < packages.count; i++)
		r = show(&rows, &packages, &packages.list[i], options->no_trunc, err);
	if (r >= 0)
		rows_print(&rows);
	if (r >= 0 && packages.unread)
		report_notice("the image's database of rpm %s", packages.unread);
	image_packages_done(&packages);
	image_free(image);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_FORMAT(struct packages_options, format, 0),
	OPT_BOOL(struct packages_options, no_trunc, 0, "no-trunc", "Do not shorten anything"),
	OPT_END,
};

const struct command command_image_packages = {
	.name = "image packages",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] IMAGE",
	.summary = "List the packages in an image, with the layers that have brought them",
	.description =
		"Reads what dpkg, apk and rpm have written down of what they installed; of rpm's databases that is "
		"rpmdb.sqlite, not the older ones of Berkeley DB and ndb. What was copied into the image without them is not "
		"known of.\n\n"
		"Fields of templates: .Name .Version .Architecture .Type .Layer .CreatedBy .PURL, the last one for scanners "
		"of known vulnerabilities (package-url).",
	.examples =
		(const struct example[]){
			{ "image packages debian:12", "All of them" },
			{ "image packages --format '{{.PURL}}' debian:12", "For a scanner" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct packages_options),
	.run = run,
};
