"""What is rated in a document, and the words that tell ratings of areas from other numbers."""

from typing import NamedTuple

from infra_grader.reading.answer import LEVELS, Rating, Scale
from infra_grader.reading.topics import fold

RATING_NAMES = (
    "rating", "rate", "level", "current", "score", "self", "now", "today", "note", "ist", "aktuell", "stand",
    "bewertung",
    "einschatzung", "selbst", "stufe", "niveau", "nivel", "actual", "valoracion", "puntuacion", "evaluation",
    "actuel",
    "livello", "valutazione", "attuale", "avaliacao", "nota", "atual", "beoordeling", "score", "huidig", "poziom",
    "ocena",
    "obecn", "уровень", "оценка", "текущ", "seviye", "puan", "mevcut", "niva", "betyg", "nuvarande", "等级", "评分",
    "水平",
    "レベル", "評価", "現在", "수준", "평가", "स्तर", "रेटिंग", "वर्तमान", "proficiency", "confidence", "star",
    "stern",
)  # fmt: skip
"""Starts of words that head a column of ratings, or stand before one instead of the area."""

OTHER_NAMES = (
    "target", "goal", "gap", "hour", "prior", "week", "month", "year", "date", "salary", "rank", "needed", "required",
    "desired", "future", "difference", "delta", "budget", "cost", "total", "sum", "average", "mean", "overall",
    "ziel", "soll",
    "lucke", "stunde", "gesamt", "summe", "durchschnitt", "mittelwert", "cible", "objectif", "ecart", "heure",
    "moyenne",
    "objetivo", "meta", "brecha", "hora", "promedio", "media", "obiettivo", "ore", "lacuna", "doel", "uren",
    "gemiddeld", "cel",
    "luka", "godzin", "srednia", "suma", "цель", "разрыв", "час", "итого", "средн", "hedef", "saat", "toplam",
    "ortalama", "mal",
    "timm", "目标", "目標", "差距", "合计", "平均", "目标", "목표", "평균", "लक्ष्य", "औसत", "no.", "nr", "#",
    "age", "alter", "version",
    "experience", "erfahrung", "mark", "count", "number", "deadline", "project", "posting", "step", "duration",
    "time", "zeit",
    "scale", "skala", "order",
)  # fmt: skip
"""Starts of words whose numbers are no ratings of an area."""


NOT_AREA_WORDS = (
    "target targets goal goals gap gaps hour hours per priority date rank needed required desired future "
    "difference budget total sum average mean overall age count number deadline duration study year years "
    "of experience month months week weeks day days score rating level max maximum minimum result ziel "
    "soll lucke luecke stunden stunde pro woche gesamt summe durchschnitt mittelwert alter jahre cible "
    "objectif ecart heures heure moyenne par semaine objetivo meta brecha horas hora promedio media por "
    "semana obiettivo ore lacuna doel uren gemiddeld totaal cel luka srednia suma цель разрыв часов итого "
    "среднее hedef saat toplam ortalama mal timmar 目标 目標 差距 合计 平均 목표 평균 लक्ष्य औसत scale skala echelle "
    "escala scala legend legende leyenda schaal шкала olcek aktuell current today now then"
)
NOT_AREA = frozenset(NOT_AREA_WORDS.split()) | LEVELS
"""Words of a label, folded, that is no area when it has no others: "Hours per week", "Target", "Total score"."""


def is_area(label: str) -> bool:
    """Whether a label may name an area that is rated."""
    words = [bare for word in fold(label).replace("/", " ").split() if (bare := word.strip(".,;:()[]#*%"))]
    return any(any(map(str.isalpha, word)) and word not in NOT_AREA for word in words)


class Rated(NamedTuple):
    """An area with its rating."""

    area: str
    rating: Rating
    line: int
    scale: Scale | None
    """The scale that its column states; `None` leaves it to the document."""
    group: tuple[object, ...]
    """The table, list or section that it stands in, with the form of the rating."""


class Unrated(NamedTuple):
    """An area whose rating is missing."""

    area: str
    line: int
