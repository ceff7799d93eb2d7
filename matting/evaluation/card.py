"""A model card: what weights were made from, what they score, and what may be done with them."""

from __future__ import annotations

from matting.evaluation.comparison import Comparison

CARD = """\
---
license: {licence}
library_name: trimatte
pipeline_tag: image-segmentation
tags:
- image-matting
- trimap
---

# {title}

Weights of TriMatte: TGN and SPAMattNet of *Sampling Propagation Attention with Trimap Generation Network for Natural
Image Matting* (Zhou, Zhou, Lam, Xu 2023).

```python
from matting import MattingPipeline

pipeline = MattingPipeline.from_pretrained("{repository}")
```

## Training data

{data}

## Scores

Over the {region}, on {count} photos that were not trained on; 95 % is the interval of the mean by the bootstrap.

{table}
"""


def card(results: Comparison, *, repository: str, data: str, licence: str, title: str | None = None) -> str:
    """Write a model card in Markdown, with the head that the hub reads.

    Args:
        results: scores on photos that were not trained on.
        repository: "someone/name", where the weights will lie.
        data: what they were trained on, with sources and licences, in sentences.
        licence: of the weights, as the hub names it ("mit", "cc-by-4.0", "other"); the data has a say in it.
        title: of the card; by default the repository's name.

    Raises:
        ValueError: where nothing is said about the data.
    """
    if not data.strip():
        raise ValueError("A card says what the weights were trained on; describe the data in a sentence at least.")
    return CARD.format(
        licence=licence,
        title=title or repository.partition("/")[2],
        repository=repository,
        data=data.strip(),
        region="unknown region" if results.region == "unknown" else "whole photo",
        count=len(results.common),
        table=results.to_markdown(),
    )
