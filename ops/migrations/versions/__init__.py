"""The migrations, in order. Tables that are open to every organization are named here, each with its reason."""

# `organization` holds no personal data and sweeps loop over it; a workspace finds the tenant; a delivery comes before
# it is known; tokens belong to a workspace; the clock is one for all.
TENANT_EXEMPT = frozenset({"organization", "workspace", "delivery", "platform_token", "clock"})
