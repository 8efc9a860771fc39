"""Google's ids and keys."""

from __future__ import annotations

import re

from . import format


@format("google-client-id", "A Google OAuth client id.")
def google_client_id(text: str) -> str | None:
    fits = re.fullmatch(r"[0-9]+-[a-z0-9]+\.apps\.googleusercontent\.com", text)
    return None if fits else "does not look like a Google client id, which ends with .apps.googleusercontent.com"


@format("recaptcha-key", "A Google reCAPTCHA site or secret key.")
def recaptcha_key(text: str) -> str | None:
    return None if re.fullmatch(r"6L[A-Za-z0-9_-]{38}", text) else "does not look like a reCAPTCHA key, which is 40 characters from 6L on"
