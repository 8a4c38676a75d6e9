/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of the kernel that are the whole host's, and that coffer changes because containers need them: what it has changed
 * is written down in the run root, for such a change stays when the last container is gone. Others may have come to rely on it.
 */
#pragma once

#include "engine/engine-internal.h"

/* @path: below /proc/sys. One that has @value already is left alone. */
int host_setting_write(struct engine *engine, const char *path, const char *value, struct error *err);

/* "net.ipv4.ip_forward = 1 (was 0)": what has been changed since the boot; a strv, or NULL. */
char **host_settings(const struct engine *engine);
