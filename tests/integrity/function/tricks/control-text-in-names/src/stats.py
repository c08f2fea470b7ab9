Hostile = type("\x1b[2J<script>alert(1)</script>\n::error::passed", (Exception,), {})


def median(values):
    raise Hostile("\x1b]0;passed\x07 <b>passed</b>")
