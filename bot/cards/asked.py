"""What cards about lines that wait, questions and files ask for; a part of `Facts`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.cards import conditions
from bot.cards.field_names import field_names
from bot.cards.part import Part
from bot.understanding import about
from crm.errors_of_asking import FileGone
from crm.models import Attachment, PendingLine
from crm.rules import file_kinds
from crm.services import asking, attachments, pending_lines, pipeline, relogging, sharing
from crm.services.asking import QuestionView
from crm.services.attachments import FileView
from crm.services.leads import LeadView


class AskedFacts(Part):
    """Reads for these cards."""

    def pending_line(self, line: int) -> PendingLine | None:
        """A line of the viewer's own that waits for a tap."""
        return pending_lines.read(self.uow, actor=self.viewer, line_id=line)

    def name_in(self, words: str) -> str:
        """The name with which a line seems to begin."""
        return about.called(words) or ""

    def question(self, question_id: int) -> QuestionView | None:
        """A question in which the viewer takes part."""
        return asking.view(self.uow, actor=self.viewer, question_id=question_id)

    def questions(self, ids: list[int]) -> list[QuestionView]:
        """Several of them, in that order."""
        return [found for each in ids if (found := self.question(each))]

    def thread(self, question: QuestionView) -> Sequence[Any]:
        """What was said in a question's thread, the question first."""
        return asking.thread(self.uow, question)

    def what_of(self, lead: LeadView, entry: Mapping[str, Any]) -> str:
        """What an entry of the timeline changed, where its verb leaves that open."""
        data = entry["data"]
        if entry["verb"] == "edited":
            return field_names(self.uow, self.words, data.get("fields", ()))
        if entry["verb"] == "touched":
            return " · ".join(str(data[name]) for name in ("source", "by", "campaign") if data.get(name))
        moved = entry["verb"] in ("stage", "reopened")
        stages = {stage.key: stage for stage in pipeline.stages(self.uow, lead.id)} if moved else {}
        stage = stages.get(data.get("to"))
        if stage is not None:
            return "→ " + (stage.name_zh if self.viewer.locale == "zh" else stage.name)
        moment = data.get("due") or data.get("next") or data.get("until") or data.get("occurred")
        return f"({self.words.at(datetime.fromisoformat(moment))})" if moment else ""

    def why_of(self, entry: Mapping[str, Any]) -> str:
        """Why the engine did it: what was missing, or the rule's name."""
        because = entry["because"] or {}
        if because.get("anchor"):
            return conditions.missing(self.words, because["anchor"], because.get("period"), entry["rule"])
        return conditions.rule_name(self.words, entry["rule"]) if entry["rule"] else ""

    def glimpse(self, lead_id: int) -> str:
        """Who a lead is that was shown to the viewer, and no more."""
        return sharing.glimpse(self.uow, lead_id)

    @property
    def largest_file(self) -> int:
        """Megabytes."""
        return file_kinds.MEGABYTES

    def size_of(self, file: Attachment | FileView) -> str:
        """A size as people say it."""
        whole = file.size >= 1024 * 1024
        return f"{file.size / 1024 / 1024:.1f} MB" if whole else f"{max(1, round(file.size / 1024))} KB"

    def files(self, lead_id: int) -> list[FileView]:
        """The files of a lead, as far as the viewer may see them."""
        lead = self.lead(lead_id)
        return attachments.of_lead(self.uow, lead=lead) if lead else []

    def standing(self, activity_id: int) -> int:
        """The follow-up that stands where this one stood before it was corrected."""
        return relogging.standing(self.uow, activity_id)

    def files_of(self, entry: Mapping[str, Any]) -> list[FileView]:
        """The files of one follow-up."""
        return [file for file in self.files(entry["lead_id"]) if file.activity_id == entry["id"]]

    def file(self, file_id: int) -> Attachment | None:
        """One of them."""
        try:
            return attachments.get(self.uow, actor=self.viewer, attachment_id=file_id)
        except FileGone:
            return None

    def sent_file(self, file_id: int) -> Attachment | None:
        """A file that the viewer has sent, whatever became of it."""
        found = attachments.named(self.uow, file_id)
        return found if found and found.member_id == self.viewer.id else None
