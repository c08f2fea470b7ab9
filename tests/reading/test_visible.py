import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from infra_grader.reading.visible import unseen, visible


def test_what_would_act_becomes_an_escape():
    assert visible("a\x1b[31mb\nc\u202ed\udcffe") == r"a\x1b[31mb\nc\u202ed\xffe"


def test_text_and_pictures_stay():
    assert visible("Größe ✅ 🎉 日本語") == "Größe ✅ 🎉 日本語"


def test_no_printable_character_acts():
    assert not [code for code in range(0x110000) if chr(code).isprintable() and unseen().match(chr(code))]


@given(st.text())
def test_nothing_that_is_shown_acts(text):
    shown = visible(text)
    assert not unseen().search(shown)
    assert all(unicodedata.category(sign) not in ("Cc", "Cs", "Zl", "Zp") for sign in shown)
