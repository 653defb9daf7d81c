"""
Digests of texts and bytes.
"""

import hashlib

__all__ = ["digest"]


def digest(*parts):
    """
    Return the first 16 digits of the SHA-256 digest of concatenated texts and bytes.

    Parameters
    ----------
    *parts : `str` or bytes-like

    Returns
    -------
    `str`
        Sixteen hexadecimal digits.

    Examples
    --------
    >>> from sunpy_farside.utils.digests import digest
    >>> digest("phases"), digest("pha", b"ses")
    ('865bbcf9cc7c758b', '865bbcf9cc7c758b')
    """
    content = hashlib.sha256()
    for part in parts:
        content.update(part.encode() if isinstance(part, str) else part)
    return content.hexdigest()[:16]
