"""Contact keys in their one spelling, so that the database can refuse duplicates: E.164 phones, lower-case e-mails.

Doors that take a contact (intake, import, chat) come through here before they compare or store one.
"""

import re
import unicodedata

import phonenumbers

DEFAULT_REGION = "CN"
_EXTENSION = re.compile(r"\s*(?:转|分机|ext\.?|extension|x|#|;ext=)\s*(?:号)?[::.]?\s*\d{1,6}\s*$", re.I)
_LABEL = re.compile(r"^[^\d+(]*|\s*[(\[][^\d)\]]*[)\]]\s*$")
_DASHED_EXTENSION = re.compile(r"(?<=\d{7})-\d{1,5}$")
_EMAIL = re.compile(r"[a-z0-9._%+'-]{1,64}@(?:[\w](?:[\w-]{0,61}[\w])?\.)+[^\W\d_][\w-]{1,24}", re.I)


def normalise_phone(raw: str, region: str = DEFAULT_REGION) -> str | None:
    """A phone as E.164 (`+8613800138000`), its extension dropped; None when no valid number can be read.

    `region` is the ISO country of numbers written without a country code. Full-width digits, spaces, dashes,
    brackets and a label in front ("Tel:") are understood.
    """
    plain = unicodedata.normalize("NFKC", raw).replace("\u200b", "").strip()
    plain = _EXTENSION.sub("", _LABEL.sub("", plain))
    # Chinese switchboards write their extension with a dash, 010-65529988-801, which the library reads as one number.
    return _e164(plain, region) or _e164(_DASHED_EXTENSION.sub("", plain), region)


def _e164(plain: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalise_email(raw: str) -> str | None:
    """An e-mail address in lower case, without `mailto:` and brackets around it; None when it is no address."""
    plain = unicodedata.normalize("NFKC", raw).strip().lstrip("<").rstrip(">.,; ").lower().removeprefix("mailto:")
    local, _, domain = plain.partition("@")
    well_formed = (
        _EMAIL.fullmatch(plain) and ".." not in plain and not local.startswith(".") and not local.endswith(".")
    )
    return plain if well_formed and len(domain) <= 253 else None
