"""Refusals about one customer's data: taken out, set aside, erased."""

from __future__ import annotations

from crm.errors import Refusal, _


class PersonErased(Refusal):
    code = "person_erased"
    message = _("The personal data of the customer of {ref} was erased; nothing can be done with it any more.")


class PersonSetAside(Refusal):
    code = "person_set_aside"
    message = _("The customer of {ref} is set aside: nothing may be done now. An admin ends that: privacy resume {ref}")


class PersonNotSetAside(Refusal):
    code = "person_not_set_aside"
    message = _("The customer of {ref} is not set aside. To do that: privacy stop {ref} reason")


class ErasedBefore(Refusal):
    code = "erased_before"
    message = _(
        "This customer was erased on request and must not come back from an old list. If the customer came again, an"
        " admin says: privacy allow and the phone or e-mail."
    )
