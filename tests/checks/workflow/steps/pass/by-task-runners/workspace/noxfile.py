import nox


@nox.session
def security(session):
    session.install('bandit')
    session.run('bandit', '-r', 'src')
