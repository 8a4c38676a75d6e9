/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/annotation.h"

#include "base/str.h"

const char *annotation_get(char *const *annotations, const char *key)
{
	for (; annotations && annotations[0] && annotations[1]; annotations += 2)
		if (streq(annotations[0], key))
			return annotations[1];
	return NULL;
}
