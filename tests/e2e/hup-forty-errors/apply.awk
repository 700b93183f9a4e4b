# SPDX-License-Identifier: MIT
# The configuration with one error in it: awk -v where=WHERE -v text=TEXT -f apply.awk xinetd.conf
$1 == "service" && $2 == "held" {
  inside = 1
  if (where == "before") print text
  if (where == "service") { print text; next }
}
$1 == "{" && inside && where == "{" { print text; next }
$1 == "}" && inside {
  inside = 0
  if (where == "+") print "\t" text
  print (where == "}" ? text : $0)
  if (where == "after") print text
  next
}
inside && where == $1 { print "\t" text; next }
$1 == "log_on_failure" && where == "defaults" { print; print "\t" text; next }
{ print }
