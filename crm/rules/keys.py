"""Contact keys in their one spelling, so that the database can refuse duplicates: E.164 phones, lower-case e-mails.

Doors that take a contact (intake, import, chat) come through here before they compare or store one.
"""

import re
import unicodedata

import phonenumbers
from phonenumbers import PhoneMetadata

DEFAULT_REGION = "CN"
_EXTENSION = re.compile(r"\s*(?:转|分机|ext\.?|extension|x|#|;ext=)\s*(?:号)?[::.]?\s*\d{1,6}\s*$", re.I)
_LABEL = re.compile(r"^[^\d+(]*|\s*[(\[][^\d)\]]*[)\]]\s*$")
_DASHED_EXTENSION = re.compile(r"(?<=\d{7})-\d{1,5}$")
_EMAIL = re.compile(r"[a-z0-9._%+'-]{1,64}@(?:[\w](?:[\w-]{0,61}[\w])?\.)+[^\W\d_][\w-]{1,24}", re.I)


def _mobile(region: str) -> str:
    """What the library takes for a mobile number of that country, as a pattern in ASCII digits."""
    metadata = PhoneMetadata.metadata_for_region(region)
    assert metadata is not None, "a country that the library knows"
    assert metadata.mobile is not None, "with mobile numbers"
    return str(metadata.mobile.national_number_pattern).replace("\\d", "[0-9]")


# Nearly all numbers of a file are plainly written mobile ones, for which the library takes thirty times as long.
_PLAIN = re.compile(r"(?:\+(?P<code>86|1)[ -]?)?(?P<number>[0-9]{3}(?P<gap>[ -]?)[0-9]{3,4}(?P=gap)[0-9]{4})")
_MOBILE = {"86": re.compile(_mobile("CN")), "1": re.compile(_mobile("US"))}
_CODES = {"CN": "86", "US": "1"}


def normalise_phone(raw: str, region: str = DEFAULT_REGION) -> str | None:
    """A phone as E.164 (`+8613800138000`), its extension dropped; None when no valid number can be read.

    `region` is the ISO country of numbers written without a country code. Full-width digits, spaces, dashes,
    brackets and a label in front ("Tel:") are understood.
    """
    return plain_phone(raw, region) or read_phone(raw, region)


def plain_phone(raw: str, region: str) -> str | None:
    """A Chinese or North American mobile number that is written plainly; None for any other, valid or not."""
    found = _PLAIN.fullmatch(raw)
    code = (found["code"] or _CODES.get(region)) if found else None
    if found is None or code is None:
        return None
    number = found["number"].replace(" ", "").replace("-", "")
    return f"+{code}{number}" if _MOBILE[code].fullmatch(number) else None


def read_phone(raw: str, region: str = DEFAULT_REGION) -> str | None:
    """The same the long way, by the library."""
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
