"""Speak with a SIP media application of AWS Chime: the events of its Lambda function in, lists of actions out.

Source: https://docs.aws.amazon.com/chime-sdk/latest/dg/pstn-invocations.html and the pages of the actions. There is no
socket for audio: `CallAndBridge` sends a call to our own SIP line, over a Voice Connector, to a name for once.
"""

from typing import Final

import msgspec

from server.wire.terms import Dial

Action = dict[str, object]
RING_SECONDS: Final = 30
"""How long our own line may ring."""


class Participant(msgspec.Struct, frozen=True, rename="pascal"):
    """One leg of a call."""

    call_id: str
    caller: str = msgspec.field(name="From", default="")
    called: str = msgspec.field(name="To", default="")
    status: str = ""


class Attributes(msgspec.Struct, frozen=True):
    """What we gave a call to keep, or asked for with an update: what is done, for which call, and where it goes."""

    do: str = ""
    reference: str = ""
    name: str = ""


class Parameters(msgspec.Struct, frozen=True, rename="pascal"):
    """What an update or a placed call was given."""

    arguments: Attributes = Attributes()


class ActionData(msgspec.Struct, frozen=True, rename="pascal"):
    """What an event is about."""

    type: str = ""
    parameters: Parameters = Parameters()


class CallDetails(msgspec.Struct, frozen=True, rename="pascal"):
    """The call."""

    transaction_id: str
    transaction_attributes: Attributes | None = None
    participants: list[Participant] = []


class Event(msgspec.Struct, frozen=True, rename="pascal"):
    """One invocation of the function."""

    invocation_event_type: str
    call_details: CallDetails
    action_data: ActionData | None = None

    @property
    def asked(self) -> Attributes:
        """What the call was asked to do: by this event, else before."""
        told = self.action_data.parameters.arguments if self.action_data is not None else Attributes()
        return told if told.do else self.call_details.transaction_attributes or Attributes()


def decode_event(raw: bytes) -> Event | None:
    """Return an event; None when it is none."""
    try:
        return msgspec.json.decode(raw, type=Event)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def answer_to(event: Event, connector_arn: str) -> dict[str, object]:
    """Return what is done next, as the function hands it to Chime; nothing for what needs nothing."""
    asked, legs = event.asked, event.call_details.participants
    actions: list[Action] = []
    match event.invocation_event_type:
        case "NEW_INBOUND_CALL" if legs:
            actions = [bridge(connector_arn, legs[0].called.lstrip("+"), legs[0].caller)]
        case "CALL_UPDATE_REQUESTED" | "CALL_ANSWERED" if asked.do == "bridge" and legs:
            actions = [bridge(connector_arn, asked.name, legs[0].caller)]
        case "CALL_UPDATE_REQUESTED" if asked.do == "hangup":
            actions = [hangup(leg.call_id) for leg in legs if leg.status != "Disconnected"]
        case "HANGUP" | "ACTION_FAILED" | "INVALID_LAMBDA_RESPONSE":
            actions = [hangup(leg.call_id) for leg in legs if leg.status == "Connected"]
        case _:
            pass
    kept = {"do": asked.do, "reference": asked.reference, "name": asked.name} if asked.do else None
    body: dict[str, object] = {"SchemaVersion": "1.0", "Actions": actions}
    return body | ({"TransactionAttributes": kept} if kept else {})


def bridge(connector_arn: str, user: str, caller: str) -> Action:
    """Return the action that sends a call to `user` of our SIP line."""
    return {
        "Type": "CallAndBridge",
        "Parameters": {
            "CallTimeoutSeconds": RING_SECONDS,
            "CallerIdNumber": caller,
            "Endpoints": [{"BridgeEndpointType": "AWS", "Arn": connector_arn, "Uri": user}],
        },
    }


def hangup(call_id: str) -> Action:
    """Return the action that ends one leg."""
    return {"Type": "Hangup", "Parameters": {"CallId": call_id, "SipResponseCode": "0"}}


def dial_of(event: Event) -> Dial | None:
    """Return how far a call that we placed has got; None for an event that does not say."""
    match event.invocation_event_type:
        case "NEW_OUTBOUND_CALL":
            return Dial.QUEUED
        case "RINGING":
            return Dial.RINGING
        case "CALL_ANSWERED":
            return Dial.ANSWERED
        case "HANGUP":
            return Dial.FAILED
        case _:
            return None
