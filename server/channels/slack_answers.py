"""Read what Slack's Web API answers: HTTP 200 carries failures too, and sometimes a login page.

Source: https://docs.slack.dev/reference/methods/chat.postMessage (errors).
"""

from typing import Final

import httpx

from server.broker.ports.channels import SendError, SendProblem
from server.channels.http import retry_after
from server.channels.reading import decoded, is_set, text_at

_WEB_PAGE: Final = "Slack's address answered with a web page. Check api_base, and what stands between here and Slack."
_REFUSED: Final = "Slack refuses the token ({error}). Install the app again with the scopes of docs/channels/slack.md."
_PROBLEMS: Final[dict[SendProblem, tuple[str, tuple[str, ...]]]] = {
    SendProblem.AUTH: (
        _REFUSED,
        (
            "invalid_auth not_authed account_inactive token_revoked token_expired missing_scope no_permission",
            "not_allowed_token_type org_login_required access_denied accesslimited app_access_restricted",
            "two_factor_setup_required enterprise_is_restricted forbidden_team team_access_not_granted is_bot",
        ),
    ),
    SendProblem.RATE_LIMIT: (
        "Slack asks us to go slower ({error}).",
        ("ratelimited rate_limited message_limit_exceeded",),
    ),
    SendProblem.RETRY: (
        "Slack cannot take it now ({error}).",
        ("service_unavailable team_added_to_org external_channel_migrating request_timeout",),
    ),
    SendProblem.UNKNOWN_OUTCOME: (
        "Slack failed while it did it ({error}); it may have gone out.",
        ("fatal_error internal_error",),
    ),
    SendProblem.GONE: (
        "There is no such conversation in Slack any more, or the app is not in it ({error}).",
        ("channel_not_found is_archived is_inactive thread_not_found not_in_channel user_disabled user_not_found",),
    ),
    SendProblem.BLOCKED: (
        "Slack's settings forbid the app to write there ({error}).",
        (
            "restricted_action restricted_action_read_only_channel restricted_action_thread_locked",
            "restricted_action_thread_only_channel restricted_action_non_threadable_channel messages_tab_disabled",
            "posting_to_channel_denied ekm_access_denied cannot_dm_bot",
        ),
    ),
}
_BY_ERROR: Final = {
    error: (problem, sentence)
    for problem, (sentence, lines) in _PROBLEMS.items()
    for line in lines
    for error in line.split()
}


def answered(answer: httpx.Response) -> object:
    """Return the fields of an answer that says `ok`.

    Raises:
        SendError: it does not, by what its `error` means; AUTH for a web page; UNKNOWN_OUTCOME for half an answer.
    """
    fields = decoded(answer.content)
    if is_set(fields, "ok"):
        return fields
    error = text_at(fields, "error")
    if not error:
        if is_web_page(answer):
            raise SendError(SendProblem.AUTH, _WEB_PAGE)
        problem = SendProblem.UNKNOWN_OUTCOME if answer.is_success else SendProblem.INVALID
        raise SendError(problem, f"Slack answered {answer.status_code}, but nothing that can be read.")
    problem, sentence = _BY_ERROR.get(error, (SendProblem.INVALID, "Slack does not take it ({error})."))
    wait = retry_after(answer) if problem is SendProblem.RATE_LIMIT else None
    raise SendError(problem, sentence.format(error=error[:80]), retry_after_seconds=wait)


def is_web_page(answer: httpx.Response) -> bool:
    """Tell whether a page for people came in place of an answer: a login page of Slack or of a network."""
    page = answer.headers.get("content-type", "").partition(";")[0].strip().lower() == "text/html"
    return page or answer.is_redirect
