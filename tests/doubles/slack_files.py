"""What is uploaded to Slack's double and what people drop into its chats. A part of `SlackDouble`."""

import json
from collections.abc import Callable
from typing import Any

from tests.doubles.slack_http import Reply, Request, SlackError


class Files:
    """Methods below `files`, and the addresses that are no methods."""

    url: str
    _number: Callable[[], int]
    _authorize: Callable[[Request, str], None]

    def empty_shelves(self) -> None:
        """No file is there; the next one is ready at once."""
        self.files: dict[str, dict[str, Any]] = {}
        self.shared: dict[str, bytes] = {}
        self.file_delay = 0

    def share(self, name: str, content: bytes) -> dict[str, Any]:
        """A file that somebody dropped into a chat, as events tell of it."""
        file = f"F{self._number()}"
        self.shared[file] = content
        url = f"{self.url}files-pri/{file}/download/{name}"
        return {"id": file, "name": name, "mimetype": "text/csv", "size": len(content), "url_private_download": url}

    def _download(self, request: Request) -> Reply:
        try:
            self._authorize(request, "files")
        except SlackError:
            return Reply("<html>Sign in</html>", headers={"Content-Type": "text/html; charset=utf-8"})
        content = self.shared.get(request.path.split("/")[2])
        return Reply("gone", 404) if content is None else Reply(content, headers={"Content-Type": "text/csv"})

    def ready_files(self) -> list[str]:
        """Files that can be shown; one that Slack still looks at becomes ready with the next question."""
        ready = [name for name, file in self.files.items() if file.get("complete") and not file["waits"]]
        for file in self.files.values():
            file["waits"] = max(file["waits"] - 1, 0)
        return ready

    def _upload(self, request: Request) -> Reply:
        self.files[request.path.rsplit("/", 1)[1]]["bytes"] = request.body
        return Reply(f"OK - {len(request.body)}")

    def _files_getUploadURLExternal(self, args: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - Slack's name
        if not args.get("filename") or int(args.get("length", 0)) <= 0:
            raise SlackError("invalid_arguments")
        file = f"F{self._number()}"
        self.files[file] = {"name": args["filename"], "length": int(args["length"]), "waits": self.file_delay}
        return {"upload_url": f"{self.url}upload/{file}", "file_id": file}

    def _files_completeUploadExternal(self, args: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - Slack's name
        done = json.loads(args["files"]) if isinstance(args["files"], str) else args["files"]
        for file in done:
            known = self.files.get(file["id"], {})
            if len(known.get("bytes", b"")) != known.get("length"):
                raise SlackError("file_not_found")
            known["complete"] = True
        return {"files": [{"id": file["id"], "title": file.get("title")} for file in done]}
