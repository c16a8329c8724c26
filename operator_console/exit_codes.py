"""Say with which number each command ends; part of the API, so scripts may rely on it."""

from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """Exit codes of `operator-console`."""

    OK = 0
    """It was done."""
    REFUSED = 1
    """The broker refused, or a check of the doctor failed."""
    USAGE = 2
    """The command line or the configuration is wrong."""
    CANNOT_CONNECT = 3
    """The broker can't be reached, or the connection was lost before it answered."""
    NOT_AUTHORISED = 4
    """There is no token, it is not accepted, or its role may not do this."""
    CONFLICT = 5
    """Somebody else was faster, or the session has moved on."""
    NOT_FOUND = 6
    """There is no such session, conversation or operator."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it."""


_BY_STATUS: Final = {
    401: ExitCode.NOT_AUTHORISED,
    403: ExitCode.NOT_AUTHORISED,
    404: ExitCode.NOT_FOUND,
    409: ExitCode.CONFLICT,
}
_BY_CODE: Final = {
    **dict.fromkeys(("cannot_connect", "connection_lost", "gap", "invalid_answer"), ExitCode.CANNOT_CONNECT),
    **dict.fromkeys(("bad_address", "token_over_plain", "bad_config", "no_terminal", "not_utf8"), ExitCode.USAGE),
    **dict.fromkeys(
        (
            "bad_identity",
            "destination_not_allowed",
            "metrics_from_here_only",
            "speak_first",
            "bad_verify_token",
            "identity_expired",
            "no_visit",
            "stale_signature",
            "no_token",
            "bad_token",
            "token_file",
            "token_revoked",
            "not_authenticated",
            "not_allowed",
            "handoff_off",
            "installation_only",
            "not_in_plan",
            "plan_limit",
            "operators_only",
            "view_only",
        ),
        ExitCode.NOT_AUTHORISED,
    ),
    **dict.fromkeys(
        (
            "already_acknowledged",
            "already_answered",
            "already_exists",
            "already_supervised",
            "already_taken",
            "break_full",
            "cannot_change_there",
            "colleague_away",
            "colleague_in_call",
            "contact_in_hand",
            "concurrent_change",
            "connects_by_hand",
            "conversation_ended",
            "disposition_required",
            "events_gone",
            "handoff_open",
            "organisation_exists",
            "in_a_call",
            "inconsistent",
            "media_elsewhere",
            "message_deleted",
            "no_break_asked",
            "no_open_handoff",
            "no_transfer",
            "not_connected_yet",
            "not_offered_to_you",
            "not_on_the_telephone",
            "not_possible_now",
            "outside_contact_hours",
            "not_recorded",
            "not_your_last",
            "not_yours",
            "nothing_in_hand",
            "nothing_pending",
            "nothing_to_hear",
            "nothing_to_score",
            "nothing_to_send_again",
            "operator_owns",
            "own_session",
            "person_elsewhere",
            "session_closed",
            "stale_epoch",
            "stale_ownership",
            "target_rings",
            "too_late_to_change",
            "too_many_questions",
            "too_many_transfers",
            "transfer_under_way",
            "understanding_off",
            "view_only_here",
        ),
        ExitCode.CONFLICT,
    ),
    **dict.fromkeys(
        ("metrics_off", "not_found", "no_call", "file_gone", "no_recording", "no_voicemail"), ExitCode.NOT_FOUND
    ),
}


def exit_code_of(code: str, status: int = 0) -> ExitCode:
    """Return the exit code of a refusal by its code, else by its HTTP status, else 1."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code.startswith("no_such_"):
        return ExitCode.NOT_FOUND
    return _BY_STATUS.get(status, ExitCode.REFUSED)
