"""What Sluice asks of a Slack workspace: the same for the manifest and for the installation link."""

SCOPES = (
    "app_mentions:read",
    "channels:join",
    "chat:write",
    "chat:write.public",
    "commands",
    "files:read",
    "files:write",
    "im:history",
    "im:write",
    "links:read",
    "links:write",
    "usergroups:read",
    "users:read",
    "users:read.email",
)
EVENTS = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "link_shared",
    "message.im",
    "team_join",
    "tokens_revoked",
    "user_change",
    "user_profile_changed",
)
