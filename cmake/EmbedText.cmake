# Writes INPUT as C++ raw string literals to OUTPUT, in pieces that every
# compiler takes.
file(READ ${INPUT} text)
string(LENGTH "${text}" length)
set(position 0)
set(result "")
while(position LESS length)
  string(SUBSTRING "${text}" ${position} 8000 piece)
  string(APPEND result "R\"capstan(${piece})capstan\"\n")
  math(EXPR position "${position} + 8000")
endwhile()
file(WRITE ${OUTPUT} "${result}")
