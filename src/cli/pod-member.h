/* SPDX-License-Identifier: Apache-2.0 */
/* `run` and `create` with --pod: containers of pods. */
#pragma once

#include "cli/container-options.h"

/*
 * Make what @options say that of a container of the pod they name, if they name one; "new:NAME" makes this. *ret_new is the
 * id of one that was made, for who cannot make the container, or NULL; free() it.
 */
int pod_member_join(struct cli *cli, struct container_options *options, char **ret_new, struct error *err);
