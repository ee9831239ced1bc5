"""The detector's card in words."""

from __future__ import annotations

from dataclasses import dataclass

from api.web.registry_rows import Row
from api.web.words import Words
from registry.model import Level, Outcome, Prediction, Record, Thresholds, Verdict, band_of

GAUGE_WIDTH = 400  # units of the drawing; one is a quarter of a per cent


@dataclass(frozen=True, slots=True)
class Gauge:
    """The model's figure on its scale, in units of the drawing from 0 to `GAUGE_WIDTH`."""

    value: int
    review_at: int
    reject_at: int
    label: str

    @classmethod
    def of(cls, probability: float, thresholds: Thresholds, say: Words) -> Gauge:
        """Return the drawing of a probability."""
        return cls(
            value=round(GAUGE_WIDTH * probability),
            review_at=round(GAUGE_WIDTH * thresholds.review_at),
            reject_at=round(GAUGE_WIDTH * thresholds.reject_at),
            label=say(
                "gauge.label",
                value=_figure(probability),
                review=_figure(thresholds.review_at),
                reject=_figure(thresholds.reject_at),
            ),
        )


@dataclass(frozen=True, slots=True)
class DetectorCard:
    """What the detector says; never a judgement on whether a file is true.

    Attributes:
        gauge: absent where nothing was judged.
    """

    headline: str
    lead: str
    rows: tuple[Row, ...]
    gauge: Gauge | None


def of_verdict(verdict: Verdict, say: Words) -> DetectorCard:
    """Return the card for a file that was screened now."""
    screening = verdict.screening
    model = (Row(say("row.model"), str(screening.model_id), is_code=True),) if screening.model_id else ()
    if not isinstance(screening, Prediction):
        why = say(f"abstained.{screening.reason.value}")
        lead = f"{say('detector.abstained_lead')} {_gate_lead(verdict, say)}"
        return DetectorCard(say("detector.abstained", why=why), lead, model, None)
    thresholds, probability = verdict.thresholds, screening.fake_probability
    review, reject = _figure(thresholds.review_at), _figure(thresholds.reject_at)
    rows = (
        Row(say("row.probability"), say("probability", value=_figure(probability))),
        Row(say("row.thresholds"), say("thresholds", review=review, reject=reject)),
        Row(say("row.coverage"), say("coverage", percent=f"{100 * screening.coverage:.0f}")),
        *model,
    )
    band = say(f"band.{band_of(probability)}")
    gauge = Gauge.of(probability, thresholds, say)
    return DetectorCard(say("detector.band", band=band), _gate_lead(verdict, say), rows, gauge)


def not_asked(record: Record | None, say: Words) -> DetectorCard:
    """Return the card where the detector was not asked: the record answers, or only a digest was sent."""
    if record is None:
        return DetectorCard(say("detector.not_asked.HASH"), "", (), None)
    then = next((word for word in (Level.GATE, Level.REVIEWER) if word in record.levels), None)
    models = ", ".join(model_id.hex()[:12] for model_id in record.model_ids if any(model_id))
    rows = (Row(say("row.models_then"), models, is_code=True),) if models else ()
    lead = say(f"detector.then.{then.name if then else 'none'}")
    return DetectorCard(say("detector.not_asked.EXACT"), lead, rows, None)


def _gate_lead(verdict: Verdict, say: Words) -> str:
    if verdict.outcome is not Outcome.INCONCLUSIVE:
        return say(f"detector.lead.{verdict.outcome.value}")
    # Why nothing was judged stands in the headline already.
    reasons = "; ".join(say(f"gate.{reason}") for reason in verdict.reasons if f"gate.{reason}" in say.sentences)
    return say("detector.lead.INCONCLUSIVE", reasons=reasons) if reasons else say("detector.lead.ask")


def _figure(probability: float) -> str:
    return f"{probability:.2f}"
