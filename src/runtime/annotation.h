/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations that mean something to us. */
#pragma once

/* The value of @key among @annotations (key, value, key, value, ...), or NULL. */
const char *annotation_get(char *const *annotations, const char *key);
