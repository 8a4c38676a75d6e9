/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Text with parts that somebody else has chosen, on standard output. In a file or pipe it arrives as it is; a terminal gets
 * everything escaped that could drive it, but for newlines and tabs.
 */
void print_text(const char *text);
