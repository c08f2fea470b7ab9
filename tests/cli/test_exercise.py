from command_line import run


def test_a_starter_is_installed_without_overwriting_anything(tmp_path):
    (tmp_path / "work/docs").mkdir(parents=True)
    mine = tmp_path / "work/docs/skills-assessment.md"
    mine.write_text("mine\n")
    ended = run("exercise", "install", "exercise-01-overview", "work", folder=tmp_path)
    assert ended.code == 0, ended.err
    assert mine.read_text() == "mine\n"
    assert (tmp_path / "work/scripts/validate_exercise01.py").is_file()
    assert "kept     work/docs/skills-assessment.md" in ended.out
    again = run("exercise", "install", "exercise-01-overview", "work", folder=tmp_path)
    assert "0 files written" in again.out


def test_an_unknown_exercise_and_a_place_that_is_no_folder_are_refused(tmp_path):
    ended = run("exercise", "install", "exercise-99", "work", folder=tmp_path)
    assert (ended.code, "exercise-01-overview" in ended.err) == (2, True)
    (tmp_path / "file").write_text("x")
    ended = run("exercise", "install", "exercise-01-overview", "file", folder=tmp_path)
    assert (ended.code, "cannot be written" in ended.err) == (2, True)
    (tmp_path / "work").mkdir()
    (tmp_path / "work/scripts").write_text("in the way")
    ended = run("exercise", "install", "exercise-01-overview", "work", folder=tmp_path)
    assert (ended.code, "work/scripts/validate_exercise01.py cannot be written" in ended.err) == (2, True)
    assert run("exercise", "install", "exercise-01-overview", "", folder=tmp_path).code == 2


def test_exercises_are_listed_and_shown(tmp_path):
    assert "exercise-01-overview" in run("exercise", "list", folder=tmp_path).out
    assert "Skills assessment" in run("exercise", "show", "exercise-01-overview", folder=tmp_path).out
