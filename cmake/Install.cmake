# Install rules, and the package that find_package(Capstan) loads. Targets are
# Capstan::Dialect, Capstan::Pipelines, and so on.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(capstan_libs GLOBAL PROPERTY CAPSTAN_LIBS)
get_property(capstan_tools GLOBAL PROPERTY CAPSTAN_TOOLS)
set(capstan_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Capstan)

foreach(lib ${capstan_libs})
  string(REGEX REPLACE "^Capstan" "" name ${lib})
  set_target_properties(${lib} PROPERTIES EXPORT_NAME ${name})
endforeach()

install(TARGETS ${capstan_libs} EXPORT CapstanTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
# The shared MLIR and LLVM are not on the loader's default path.
set_target_properties(${capstan_tools} PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS ${capstan_tools}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET CapstanPlugin)
  install(TARGETS CapstanPlugin LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()

if(TARGET capstan_compiler)
  # What the wheel holds.
  add_custom_target(capstan-wheel DEPENDS capstan_compiler capstan_rt)
  if(TARGET capstan_cudnn)
    add_dependencies(capstan-wheel capstan_cudnn)
  endif()
  install(TARGETS capstan_compiler
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  # A wheel holds no links.
  install(FILES $<TARGET_FILE:capstan_compiler> DESTINATION lib COMPONENT wheel
          RENAME $<TARGET_SONAME_FILE_NAME:capstan_compiler> EXCLUDE_FROM_ALL)
endif()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ ${PROJECT_BINARY_DIR}/include/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/share/capstan
  DESTINATION ${CMAKE_INSTALL_DATADIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE
  DESTINATION ${CMAKE_INSTALL_DATADIR}/capstan)

install(EXPORT CapstanTargets NAMESPACE Capstan:: DESTINATION ${capstan_cmake_dir})
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/CapstanConfig.cmake.in
  ${PROJECT_BINARY_DIR}/CapstanConfig.cmake
  INSTALL_DESTINATION ${capstan_cmake_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/CapstanConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/CapstanConfig.cmake
  ${PROJECT_BINARY_DIR}/CapstanConfigVersion.cmake
  DESTINATION ${capstan_cmake_dir})
