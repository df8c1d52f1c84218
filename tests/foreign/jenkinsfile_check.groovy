// Reads a Jenkinsfile: Groovy's own compiler parses it, and every word in it has to be one that a declarative pipeline (or one of
// the few steps we use) has at that place. Usage: groovy jenkinsfile_check.groovy FILE. Exit 1 and sentences if not.
import org.codehaus.groovy.ast.expr.BinaryExpression
import org.codehaus.groovy.ast.expr.ClosureExpression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.stmt.ExpressionStatement
import org.codehaus.groovy.control.CompilationFailedException
import org.codehaus.groovy.control.CompilationUnit
import org.codehaus.groovy.control.Phases
import groovy.transform.Field

// What may stand in a block, by jenkins.io/doc/book/pipeline/syntax. A block that is not listed is one of steps.
@Field STEPS = ['sh', 'dir', 'archiveArtifacts', 'deleteDir']
@Field WORDS = [
  file: ['pipeline'],
  pipeline: ['agent', 'environment', 'libraries', 'options', 'parameters', 'post', 'stages', 'tools', 'triggers'],
  agent: ['any', 'docker', 'dockerfile', 'kubernetes', 'label', 'node', 'none'],
  stages: ['stage'],
  stage: ['agent', 'environment', 'failFast', 'input', 'matrix', 'options', 'parallel', 'post', 'stages', 'steps', 'tools', 'when'],
  parallel: ['stage'],
  when: ['allOf', 'anyOf', 'beforeAgent', 'branch', 'buildingTag', 'changeset', 'environment', 'equals', 'expression', 'not', 'tag', 'triggeredBy'],
  post: ['aborted', 'always', 'changed', 'cleanup', 'failure', 'fixed', 'regression', 'success', 'unstable', 'unsuccessful'],
  options: ['buildDiscarder', 'disableConcurrentBuilds', 'disableResume', 'parallelsAlwaysFailFast', 'preserveStashes', 'quietPeriod',
            'retry', 'skipDefaultCheckout', 'skipStagesAfterUnstable', 'timeout'],
]
@Field NEEDS = [pipeline: [['agent'], ['stages']], stage: [['steps', 'stages', 'parallel', 'matrix']], file: [['pipeline']]]
@Field complaints = []

def say(node, text) { complaints << "${node.lineNumber}:${node.columnNumber}: $text" }

def check(String block, node, List statements) {
  def words = []
  statements.each { statement ->
    def expression = statement instanceof ExpressionStatement ? statement.expression : null
    if (block == 'environment') {
      if (!(expression instanceof BinaryExpression)) say(statement, "environment holds only NAME = value")
    } else if (!(expression instanceof MethodCallExpression)) {
      say(statement, "this is no word of a declarative pipeline")
    } else {
      def word = expression.methodAsString
      words << word
      if (!WORDS.getOrDefault(block, STEPS).contains(word)) say(statement, "\"$word\" cannot stand in \"$block\"")
      expression.arguments.expressions.findAll { it instanceof ClosureExpression }.each { check(word, statement, it.code.statements) }
    }
  }
  NEEDS.getOrDefault(block, []).each { one -> if (words.count { it in one } != 1) say(node, "\"$block\" needs one of ${one.join(', ')}") }
}

def unit = new CompilationUnit()
unit.addSource(new File(args[0]))
try {
  unit.compile(Phases.CONVERSION)
  def module = unit.AST.modules[0]
  check('file', module, module.statementBlock.statements)
} catch (CompilationFailedException failure) {
  complaints << failure.message
}
complaints.each { println it }
System.exit(complaints ? 1 : 0)
