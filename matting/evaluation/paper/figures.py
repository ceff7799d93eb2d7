"""The paper's own figures, Tables I to XII, as printed there: data, to stand beside ours and be marked as the paper's.

Numbers in brackets are the paper's references. A dash is a figure that the paper does not give. Of Table VII's site
ranks only the overall one is printed there. MSE and MAD are means as in the paper; tables show them times 1000.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MARK = "paper"
"""What the first column of a table says of such a row."""


@dataclass(frozen=True)
class PaperRow:
    """A line of a table: who, and for each measure that is given its value."""

    method: str
    values: Mapping[str, float]


@dataclass(frozen=True)
class PaperTable:
    """A table, or the part of one that is about one data set.

    Attributes:
        number: Roman, "I" to "XII".
        caption: what it shows, in our words.
        data: the data set.
        measures: names of the columns.
        rows: the lines in the paper's order.
    """

    number: str
    caption: str
    data: str
    measures: tuple[str, ...]
    rows: tuple[PaperRow, ...]


SHARES = "pixAcc IoU-Bg IoU-Unk IoU-Fg mIoU"
ERRORS = "SAD MSE Grad Conn"
PHOTOS = ("Troll", "Doll", "Donkey", "Elephant", "Plant", "Pineapple", "Plastic bag", "Net")
"""The photos of Table VII in its order, each with the trimaps S, L and U."""

_DATA: tuple[tuple[str, str, str, str, str], ...] = (
    ("I", "TGN beside DeepLabv2 and DeepLabv3", "composition-1k", SHARES, """
        Deeplabv2 [71] | 93.58 89.81 76.25 63.09 76.38
        Deeplabv3 [58] | 95.83 91.59 80.25 70.66 80.83
        TGN            | 96.41 93.53 82.78 70.64 82.32
    """),
    ("I", "TGN beside DeepLabv2 and DeepLabv3", "distinctions-646", SHARES, """
        Deeplabv2 [71] | 92.58 94.40 72.97 53.82 73.73
        Deeplabv3 [58] | 95.66 95.11 79.65 65.52 80.09
        TGN            | 95.74 96.54 80.83 66.72 81.36
    """),
    ("II", "TGN's trimaps from coarse masks eroded by N", "composition-1k", SHARES, """
        TGN-20 | 96.41 93.53 82.78 70.64 82.32
        TGN-30 | 96.34 93.26 82.57 70.46 82.10
        TGN-40 | 96.16 92.77 81.74 70.14 81.55
        TGN-50 | 95.90 92.25 80.58 69.49 80.77
    """),
    ("II", "TGN's trimaps from coarse masks eroded by N", "distinctions-646", SHARES, """
        TGN-20 | 95.74 96.54 80.83 66.72 81.36
        TGN-30 | 95.66 96.20 80.22 66.82 81.08
        TGN-40 | 95.57 96.00 79.60 66.94 80.84
        TGN-50 | 95.31 95.68 78.34 66.72 80.25
    """),
    ("III", "Mattes from given trimaps", "composition-1k", ERRORS, """
        AlphaGAN [8]               | 52.40 0.0300 38.00 53.00
        Deep Image Matting [7]     | 50.40 0.0140 30.00 50.80
        IndexNet Matting [73]      | 45.80 0.0130 25.90 43.70
        AdaMatting [74]            | 41.70 0.0100 16.80 -
        SampleNet Matting [10]     | 40.35 0.0099 - -
        Context-Aware Matting [41] | 35.80 0.0082 17.30 33.20
        GCA Matting [11]           | 35.28 0.0091 16.92 32.53
        ATNet [12]                 | 40.50 0.0130 21.50 39.40
        HDMatt [14]                | 33.50 0.0073 14.50 29.90
        MGMatting [25]             | 31.50 0.0068 13.50 27.30
        SPAMattNet                 | 27.80 0.0055 11.57 23.63
    """),
    ("IV", "SPAMattNet without its parts, from given trimaps", "composition-1k", ERRORS, """
        without GPA, LSPA and CFC | 33.17 0.0076 14.90 30.23
        without GPA               | 29.81 0.0066 12.43 26.17
        without LSPA and CFC      | 29.07 0.0059 11.73 25.19
        without CFC               | 30.13 0.0062 12.79 26.68
        without RM                | 28.43 0.0060 11.29 24.34
        without L_hard            | 28.42 0.0059 11.72 24.64
        SPAMattNet                | 27.80 0.0055 11.57 23.63
    """),
    ("V", "Mattes without a given trimap", "composition-1k", ERRORS, """
        Late Fusion [20] | 58.34 0.0110 41.63 59.74
        HAttMatting [21] | 44.01 0.0070 29.26 46.41
        MGMatting [25]   | 41.39 0.0040 19.38 36.37
        MODNet [42]      | 290.08 0.1048 137.22 290.41
        JIS              | 40.51 0.0046 17.44 35.88
        JIH              | 37.95 0.0045 16.82 34.76
    """),
    ("V", "Mattes without a given trimap", "distinctions-646", ERRORS, """
        Late Fusion [20] | 94.23 0.0271 159.78 62.15
        HAttMatting [21] | 48.98 0.0090 41.57 49.93
        MGMatting [25]   | 46.53 0.0076 35.68 43.72
        MODNet [42]      | 234.92 0.0970 221.35 232.90
        JIS              | 42.09 0.0082 37.16 39.77
        JIH              | 38.79 0.0082 36.89 38.64
    """),
    ("VI", "Joint inference without the refinement module", "composition-1k", ERRORS, """
        JIS w/o RM | 43.91 0.0047 17.98 37.67
        JIH w/o RM | 38.36 0.0045 16.96 35.12
        JIS        | 40.51 0.0046 17.44 35.88
        JIH        | 37.95 0.0045 16.82 34.76
    """),
    ("VI", "Joint inference without the refinement module", "distinctions-646", ERRORS, """
        JIS w/o RM | 45.61 0.0082 35.89 41.24
        JIH w/o RM | 39.68 0.0084 37.35 39.18
        JIS        | 42.09 0.0082 37.16 39.77
        JIH        | 38.79 0.0082 36.89 38.64
    """),
    ("VII", "Overall rank on alphamatting.com, and SAD of its eight test photos", "alphamatting",
     "rank " + " ".join(f"{photo.replace(' ', '_')}-{trimap}" for photo in PHOTOS for trimap in "SLU"), """
        AdaMatting [74]        | 15 10.2 11.1 10.8 4.9 5.4 6.6 3.6 3.4 3.4 0.9 0.9 1.8 4.7 6.8 9.3 2.2 2.6 3.3 19.2 19.8 18.7 17.8 19.1 18.6
        SampleNet Matting [10] | 15.8 9.1 9.7 9.8 4.3 4.8 5.1 3.4 3.7 3.2 0.9 1.1 2.0 5.1 6.8 9.7 2.5 4.0 3.7 18.6 19.3 19.1 20.0 21.6 23.2
        GCA Matting [11]       | 17.3 8.8 9.5 11.1 4.9 4.8 5.8 3.4 3.7 3.2 1.1 1.2 1.3 5.7 6.9 7.6 2.8 3.1 4.5 18.3 19.2 18.5 20.8 21.7 24.7
        HDMatt [14]            | 12.7 9.5 10.0 10.7 4.7 4.8 5.8 2.9 3.0 2.6 1.1 1.2 1.3 5.2 5.9 6.7 2.4 2.6 3.1 17.3 17.3 17.0 21.5 22.4 23.2
        TransMatting [76]      | 14.3 7.5 8.6 7.8 4.9 5.0 5.5 3.4 3.5 3.2 1.8 1.8 2.2 5.7 6.3 8.4 2.6 2.7 3.0 17.6 18.0 18.9 18.3 18.3 21.5
        SPAMattNet             | 10.1 9.0 10.6 9.6 4.5 4.4 5.4 2.6 2.7 2.8 0.9 0.9 1.8 5.2 6.1 9.6 2.0 2.3 3.4 15.1 15.2 15.2 19.6 19.7 24.5
    """),  # noqa: E501 (one row of the widest table is one line)
    ("VIII", "Joint inference from coarse masks eroded by N", "composition-1k", ERRORS, """
        JIS-20 | 40.51 0.0046 17.44 35.88
        JIS-30 | 40.75 0.0046 17.51 36.06
        JIS-40 | 41.15 0.0047 17.71 36.39
        JIS-50 | 42.07 0.0050 18.22 37.27
        JIH-20 | 37.95 0.0045 16.82 34.76
        JIH-30 | 38.09 0.0046 16.86 34.91
        JIH-40 | 38.28 0.0047 16.97 35.09
        JIH-50 | 39.01 0.0049 17.46 35.81
    """),
    ("VIII", "Joint inference from coarse masks eroded by N", "distinctions-646", ERRORS, """
        JIS-20 | 42.09 0.0082 37.16 39.77
        JIS-30 | 42.08 0.0081 37.15 39.73
        JIS-40 | 42.63 0.0081 38.20 40.16
        JIS-50 | 44.21 0.0086 39.75 41.66
        JIH-20 | 38.79 0.0082 36.89 38.64
        JIH-30 | 38.61 0.0081 36.46 38.49
        JIH-40 | 38.89 0.0081 37.26 38.75
        JIH-50 | 40.25 0.0086 39.09 40.13
    """),
    ("IX", "A stronger decoder and losses, from given trimaps; M parameters, G multiply-adds at 512x512",
     "composition-1k", ERRORS + " parameters multiply-adds", """
        MGMatting [25] | 31.50 0.0068 13.50 27.30 29.7 45.7
        SPAMattNet*    | 28.58 0.0053 10.60 24.80 26.0 49.8
    """),
    ("X", "Portraits, from pseudo trimaps, trained on Adobe's data", "rwp-636", "SAD MSE SAD-Details MSE-Details", """
        Deep Image Matting [7]     | 28.5 0.0117 19.1 0.0746
        GCA Matting [11]           | 29.2 0.0127 19.7 0.0823
        IndexNet Matting [9]       | 28.5 0.0115 18.8 0.0727
        Context-Aware Matting [41] | 27.4 0.0107 18.2 0.0662
        Late Fusion [20]           | 78.6 0.0398 24.2 0.0883
        MGMatting [25]             | 47.9 0.0174 20.0 0.0716
        MGMatting* [25]            | 26.8 0.0093 17.4 0.0551
        SPAMattNet                 | 27.0 0.0107 17.6 0.0654
        SPAMattNet*                | 26.9 0.0105 17.3 0.0632
    """),
    ("XI", "Portraits with blurred faces, without a given trimap", "p3m-500-p", "SAD MSE MAD SAD-T MSE-T MAD-T", """
        Late Fusion [20] | 42.95 0.0191 0.0250 12.43 0.0421 0.0824
        HAttMatting [21] | 25.99 0.0054 0.0152 11.03 0.0377 0.0752
        SHM [1]          | 21.56 0.0100 0.0125 9.14 0.0255 0.0545
        GFM [24]         | 13.20 0.0050 0.0080 8.84 0.0269 0.0616
        P3M-Net [23]     | 8.73 0.0026 0.0051 6.89 0.0193 0.0478
        Ours             | 8.42 0.0029 0.0049 6.09 0.0183 0.0414
        Ours*            | 8.43 0.0028 0.0049 6.20 0.0183 0.0424
    """),
    ("XI", "Portraits with faces as they are, without a given trimap", "p3m-500-np",
     "SAD MSE MAD SAD-T MSE-T MAD-T", """
        Late Fusion [20] | 32.59 0.0131 0.0188 14.53 0.0420 0.0825
        HAttMatting [21] | 30.53 0.0072 0.0176 13.48 0.0403 0.0803
        SHM [1]          | 20.77 0.0093 0.0122 9.14 0.0255 0.0545
        GFM [24]         | 15.50 0.0056 0.0091 10.16 0.0268 0.0620
        P3M-Net [23]     | 11.23 0.0035 0.0065 7.65 0.0173 0.0466
        Ours             | 10.15 0.0035 0.0059 6.75 0.0172 0.0407
        Ours*            | 10.03 0.0033 0.0058 6.86 0.0166 0.0409
    """),
    ("XII", "Photos of all kinds, without a given trimap", "aim-500", "SAD SAD-T SAD-SO SAD-STM SAD-NS SAD-Avg", """
        Late Fusion* [20] | 191.74 78.13 177.98 220.22 331.34 243.18
        HAttMatting* [21] | 479.17 114.23 509.75 338.11 270.07 372.64
        SHM* [1]          | 170.44 69.41 154.56 204.67 329.9 229.71
        SHM [1]           | 155.60 50.34 146.97 183.15 230.63 186.92
        BSHM [2]          | 75.47 39.21 62.99 145.07 145.09 117.72
        MGMatting [25]    | 60.67 30.26 49.82 101.44 146.94 99.40
        GFM* [24]         | 52.66 37.43 35.45 123.15 181.90 113.50
        AIM-Net* [22]     | 43.92 30.74 31.80 94.02 134.31 86.71
        Ours              | 41.04 28.18 28.80 85.53 140.28 84.87
        Ours*             | 40.97 28.04 28.98 84.68 137.98 83.88
    """),
)  # fmt: skip


def find(number: str, data: str) -> PaperTable:
    """Return a table's part about a data set; raises ValueError if there is none."""
    for table in TABLES:
        if (table.number, table.data) == (number, data):
            return table
    raise ValueError(f"The paper's Table {number} has no part about {data}.")


def _row(line: str, measures: tuple[str, ...]) -> PaperRow:
    method, _, values = line.partition("|")
    given = zip(measures, values.split(), strict=True)
    return PaperRow(method.strip(), {measure: float(value) for measure, value in given if value != "-"})


def _table(number: str, caption: str, data: str, measures: str, text: str) -> PaperTable:
    names = tuple(name.replace("_", " ") for name in measures.split())
    return PaperTable(number, caption, data, names, tuple(_row(line, names) for line in text.strip().splitlines()))


TABLES: tuple[PaperTable, ...] = tuple(_table(*entry) for entry in _DATA)
"""All parts of all tables, in the paper's order."""
NUMBERS: tuple[str, ...] = tuple(dict.fromkeys(table.number for table in TABLES))
