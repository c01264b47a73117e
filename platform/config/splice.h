// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/value.h"

namespace coffer::config {

/// The scalar at \a pointer of a text in the form that the ending of \a path says: JSON, YAML, TOML
/// (JSON pointer, RFC 6901: "/server/pool/max"), env ("/NAME"), properties ("/a.name"), ini
/// ("/section/key", of several "/section/key/0"), else goconf ("/section/key"): formatOfPath().
/// `notFound` if there is none, `invalid` if the text cannot be read or something else is there.
[[nodiscard]] Result<QByteArray> scalarIn(const QByteArray &path, const QByteArray &text,
                                          const QByteArray &pointer);

/// \a text with the scalar at \a pointer replaced by \a value, and not a byte else: comments,
/// order, line ends, quotes of others stay. \a value is written as the form wants it there: a
/// number or boolean stays one where it was one and \a value reads as one; a string is quoted as
/// needed, in the quotes that were there. The result is read again, and has to differ in this value
/// alone; otherwise `invalid`, and that says why. An alias's value is the anchor's: `invalid`.
[[nodiscard]] Result<QByteArray> withScalar(const QByteArray &path, const QByteArray &text,
                                            const QByteArray &pointer, const QByteArray &value);

} // namespace coffer::config
