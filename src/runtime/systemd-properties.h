/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unit's properties as a message to systemd has them: an array of names and values, a(sv).
 *
 * Sources: systemd.resource-control(5), systemd.scope(5), org.freedesktop.systemd1(5).
 */
#pragma once

#include "base/error.h"
#include "runtime/dbus-message.h"
#include "runtime/spec.h"

/* One property each, into an array that the caller has opened. */
void systemd_put_bool(struct str *data, const char *name, bool value);
void systemd_put_u64(struct str *data, const char *name, uint64_t value);
void systemd_put_string(struct str *data, const char *name, const char *value);
void systemd_put_strings(struct str *data, const char *name, char *const *values);

/* The name alone; the value, of the type @signature, is to follow. */
void systemd_put_name(struct str *data, const char *name, const char *signature);

/*
 * What systemd can say of @resources; it writes these to the cgroup's files again whenever it likes, so it must know of
 * them. What makes no sense is left to whoever writes the files. @version is systemd's.
 */
void systemd_put_resources(struct str *data, const struct spec_resources *resources, unsigned version);

/* The device rules. @resources may have none. */
void systemd_put_devices(struct str *data, const struct spec_resources *resources);

/* runtime/systemd-annotation.c: those of a container's annotations (pairs) that name properties. Errors: ERR_SPEC. */
int systemd_put_annotations(struct str *data, char *const *annotations, struct error *err);
