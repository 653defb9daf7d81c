"""
Digests that identify contents.
"""

import hashlib

__all__ = ["digest"]


def digest(*parts):
    """
    Return a short SHA-256 digest of texts and bytes, one after the other.

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
